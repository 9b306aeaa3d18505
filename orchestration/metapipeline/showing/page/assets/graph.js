"use strict";
// The graph in memory: columns by position, neighbours in typed arrays. orchestration/metapipeline/showing/page/data.py writes it.

function readGraph(data) {
  const ids = [];
  for (let at = 0; at < data.ids.length; at += 2) {
    ids.push((ids.at(-1) ?? "").slice(0, data.ids[at]) + data.ids[at + 1]);
  }
  const readers = fromSteps(data.reader_counts, data.reader_steps);
  return {
    size: ids.length,
    edges: data.reader_steps.length,
    ids,
    names: data.name.map((name, at) => (name === 0 ? ids[at].slice(ids[at].lastIndexOf(".") + 1) : name) || ids[at]),
    kinds: data.kind.map((at) => data.kinds[at]),
    projects: data.project.map((at) => data.projects[at]),
    owners: data.owner.map((list) => (list === 0 ? [] : list.map((at) => data.owners[at]))),
    relations: data.relation,
    facts: data.facts,
    positions: new Map(ids.map((id, at) => [id, at])),
    readers,
    reads: reversed(readers),
  };
}

function fromSteps(counts, steps) {
  const starts = new Uint32Array(counts.length + 1);
  const ends = new Uint32Array(steps.length);
  for (let at = 0, edge = 0; at < counts.length; at++) {
    starts[at + 1] = starts[at] + counts[at];
    for (let position = 0; edge < starts[at + 1]; edge++) ends[edge] = position += steps[edge];
  }
  return { starts, ends };
}

function reversed({ starts, ends }) {
  const turned = { starts: new Uint32Array(starts.length), ends: new Uint32Array(ends.length) };
  for (const end of ends) turned.starts[end + 1]++;
  for (let at = 1; at < starts.length; at++) turned.starts[at] += turned.starts[at - 1];
  const free = turned.starts.slice();
  for (let at = 0; at + 1 < starts.length; at++) {
    for (let edge = starts[at]; edge < starts[at + 1]; edge++) turned.ends[free[ends[edge]]++] = at;
  }
  return turned;
}

function around(side, at) {
  return side.ends.subarray(side.starts[at], side.starts[at + 1]);
}

function degree(side, at) {
  return side.starts[at + 1] - side.starts[at];
}

// Everything that one side reaches from a node, without the node: position -> hops, nearest first.
function reached(side, start, hopsMax = Infinity) {
  const hops = new Map([[start, 0]]);
  for (const [at, distance] of hops) {
    if (distance >= hopsMax) break;
    for (const next of around(side, at)) if (!hops.has(next)) hops.set(next, distance + 1);
  }
  hops.delete(start);
  return hops;
}

// A shortest path in the direction of the data, or null.
function shortestPath(graph, from, to) {
  const before = new Map([[from, -1]]);
  for (const at of before.keys()) {
    if (at === to) {
      const path = [];
      for (let step = to; step !== -1; step = before.get(step)) path.unshift(step);
      return path;
    }
    for (const next of around(graph.readers, at)) if (!before.has(next)) before.set(next, at);
  }
  return null;
}

// The topics above a node, nearest first: assets of kind kafka, otherwise the assets that read nothing.
function topicsAbove(graph, start) {
  const assets = [...reached(graph.reads, start).keys()].filter((at) => graph.kinds[at] === "asset");
  const kafka = assets.filter((at) => [graph.facts[at]?.kinds ?? []].flat().includes("kafka"));
  return kafka.length ? kafka : assets.filter((at) => degree(graph.reads, at) === 0);
}

// Up to `max` nodes around a node; each side gets the room that the other leaves.
function neighbourhood(graph, start, hopsMax, max) {
  const above = [...reached(graph.reads, start, hopsMax).keys()];
  const known = new Set(above);
  const below = [...reached(graph.readers, start, hopsMax).keys()].filter((at) => !known.has(at));
  const half = Math.floor(max / 2);
  const upper = above.slice(0, Math.max(half, max - below.length));
  const lower = below.slice(0, Math.max(max - upper.length, 0));
  return { above: upper, below: lower, all: above.length + below.length + 1 };
}

// Edges between the given nodes.
function edgesWithin(graph, nodes) {
  const inside = new Set(nodes);
  return nodes.flatMap((at) => [...around(graph.readers, at)].filter((to) => inside.has(to)).map((to) => [at, to]));
}
