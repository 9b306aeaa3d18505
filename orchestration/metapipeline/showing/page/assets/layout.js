"use strict";
// A layered drawing from left to right: layers by longest path, order by barycentres, heights by least squares.

const BOX = { width: 176, height: 38, gapX: 46, gapY: 10, bend: 6 };

// Layer of each node: the longest path to the centre on its left, from the centre on its right.
function layersAround(centre, above, below, edges) {
  const layers = new Map([[centre, 0]]);
  const after = grouped(edges.map(([from, to]) => [from, to]));
  const before = grouped(edges.map(([from, to]) => [to, from]));
  fillLayers(layers, new Set(above), after, -1);
  fillLayers(layers, new Set(below), before, 1);
  return layers;
}

function fillLayers(layers, members, towards, sign) {
  const open = new Set();
  const depth = (at) => {
    if (layers.has(at)) return Math.abs(layers.get(at));
    if (open.has(at)) return 0; // a cycle, which the graph promises not to have
    open.add(at);
    const known = (towards.get(at) ?? []).filter((next) => members.has(next) || layers.get(next) === 0);
    layers.set(at, sign * (1 + Math.max(0, ...known.map(depth))));
    return Math.abs(layers.get(at));
  };
  for (const at of members) depth(at);
}

function grouped(pairs) {
  const groups = new Map();
  for (const [key, value] of pairs) {
    if (groups.has(key)) groups.get(key).push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

// Returns boxes by node, lines as lists of points, and the size of the drawing.
function layout(layers, edges) {
  const first = Math.min(...layers.values());
  const columns = [];
  const items = new Map();
  const put = (key, layer, node) => {
    const item = {
      key,
      node,
      column: layer - first,
      before: [],
      after: [],
      y: 0,
      height: node === null ? BOX.bend : BOX.height,
    };
    items.set(key, item);
    (columns[item.column] ??= []).push(item);
    return item;
  };
  for (const [node, layer] of layers) put(`n${node}`, layer, node);
  const lines = edges.map(([from, to]) => route(from, to, layers, items, put));
  for (const column of columns) column.sort((a, b) => a.node - b.node);
  for (let sweep = 0; sweep < 8; sweep++) reorder(columns, sweep % 2 === 0);
  for (const column of columns)
    place(
      column,
      column.map(() => 0),
    );
  for (let sweep = 0; sweep < 6; sweep++) settle(columns, sweep % 2 === 0);
  return finished(columns, lines);
}

// An edge over several layers bends at a small item in each layer between.
function route(from, to, layers, items, put) {
  const chain = [items.get(`n${from}`)];
  for (let layer = layers.get(from) + 1; layer < layers.get(to); layer++)
    chain.push(put(`b${from},${to},${layer}`, layer, null));
  chain.push(items.get(`n${to}`));
  for (let step = 1; step < chain.length; step++) {
    chain[step - 1].after.push(chain[step]);
    chain[step].before.push(chain[step - 1]);
  }
  return chain;
}

function mean(values, fallback) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : fallback;
}

function reorder(columns, rightwards) {
  const order = rightwards ? columns : [...columns].reverse();
  for (const column of order)
    column.forEach((item, at) => {
      item.rank = at;
    });
  for (const column of order) {
    for (const item of column) {
      const others = rightwards ? item.before : item.after;
      item.weight = mean(
        others.map((other) => other.rank),
        item.rank,
      );
    }
    column.sort((a, b) => a.weight - b.weight || a.rank - b.rank);
    column.forEach((item, at) => {
      item.rank = at;
    });
  }
}

function settle(columns, rightwards) {
  for (const column of rightwards ? columns : [...columns].reverse()) {
    const wished = column.map((item) => {
      const others = rightwards ? item.before : item.after;
      return mean(
        (others.length ? others : [...item.before, ...item.after]).map((other) => other.y),
        item.y,
      );
    });
    place(column, wished);
  }
}

// The centres nearest to the wished ones, by least squares, that keep order and gaps (pooled adjacent violators).
function place(column, wished) {
  let offset = 0;
  const pools = [];
  const offsets = column.map((item, at) => {
    if (at) offset += (column[at - 1].height + item.height) / 2 + BOX.gapY;
    return offset;
  });
  wished.forEach((wish, at) => {
    let pool = { sum: wish - offsets[at], count: 1 };
    while (pools.length && pools.at(-1).sum / pools.at(-1).count >= pool.sum / pool.count) {
      const former = pools.pop();
      pool = { sum: pool.sum + former.sum, count: pool.count + former.count };
    }
    pools.push(pool);
  });
  const starts = pools.flatMap((pool) => Array(pool.count).fill(pool.sum / pool.count));
  column.forEach((item, at) => {
    item.y = starts[at] + offsets[at];
  });
}

function finished(columns, lines) {
  const all = columns.flat();
  const top = Math.min(...all.map((item) => item.y - item.height / 2));
  const bottom = Math.max(...all.map((item) => item.y + item.height / 2));
  for (const item of all) {
    item.x = item.column * (BOX.width + BOX.gapX);
    item.y -= top;
  }
  return {
    boxes: all.filter((item) => item.node !== null),
    lines,
    width: columns.length * (BOX.width + BOX.gapX) - BOX.gapX,
    height: bottom - top,
  };
}
