"use strict";
// The panel: one node with its surroundings, or a path between two nodes.

const HOPS = ["1", "2", "3", "4", "5", "6"];
const NODES_DRAWN_MAX = 149; // beside the node itself
const NODES_DRAWN_CALM = 36;
const NEIGHBOURS = 40;
const SUGGESTIONS = 20;

function nodePanel(at) {
  const id = graph.ids[at];
  return [
    panelHead(graph.names[at], words(graph.kinds[at]), { node: "" }),
    element("p", { class: "id" }, foreign(id), ofReport(id)),
    findingsOf(at).map(panelFinding),
    gapsOf(at).map((gap) =>
      element(
        "div",
        { class: "note" },
        pill("gap", words(gap.kind)),
        " reads ",
        element("code", {}, foreign(gap.read)),
        element("p", {}, foreign(gap.reason)),
      ),
    ),
    possibleReaders(id),
    surroundings(at),
    actions(at, id),
    element("div", { class: "sides" }, side(graph.reads, at, "Reads"), side(graph.readers, at, "Read by")),
    attributes(at),
  ].flat();
}

function panelHead(title, kind, closing) {
  return element(
    "div",
    { class: "head" },
    element("h2", { tabindex: -1 }, foreign(title), " ", element("span", { class: "quiet" }, kind)),
    go(closing, { class: "close", "aria-label": "Close" }, "\u00d7"),
  );
}

function panelFinding(one) {
  const numbers = Object.keys(one.numbers).map((name) =>
    element("span", {}, `${heading(name)} `, element("b", {}, number(name, one.numbers[name]))),
  );
  return element(
    "div",
    { class: `note note-${one.kind}` },
    pill(one.kind, findingMark(one.kind)),
    " ",
    foreign(one.reason),
    numbers.length ? element("p", { class: "numbers" }, numbers) : null,
    kept(one),
    evidence(one),
  );
}

// Queries whose text may mean the node.
function possibleReaders(id) {
  const list = element("ul", { class: "gaps" });
  const rows = paged(
    list,
    gapsByCandidate.get(id) ?? [],
    (gap) =>
      element(
        "li",
        {},
        pill("gap", words(gap.kind)),
        " may be read by ",
        nodeLink(gap.reader),
        ofReport(gap.reader),
        " as ",
        element("code", {}, foreign(gap.read)),
      ),
    ROWS_OF_A_KIND,
  );
  return list.childElementCount ? rows : [];
}

// The drawn neighbourhood

function surroundings(at) {
  if (!degree(graph.reads, at) && !degree(graph.readers, at))
    return element("p", { class: "quiet" }, "It reads nothing, and nothing reads it.");
  const hops = HOPS.includes(state.hops) ? Number(state.hops) : calmHops(at);
  const near = neighbourhood(graph, at, hops, NODES_DRAWN_MAX);
  const nodes = [...near.above, at, ...near.below];
  const edges = edgesWithin(graph, nodes);
  const layers = layersAround(at, near.above, near.below, edges);
  const cut =
    near.all > nodes.length
      ? `${whole(nodes.length)} of ${whole(near.all)} nodes drawn`
      : counted(nodes.length, "node");
  return element(
    "div",
    { class: "surroundings" },
    element(
      "p",
      { class: "caption" },
      element("span", {}, "Within ", hopLinks(hops), " hops"),
      element("span", { class: "quiet" }, `${cut}; data flows from left to right`),
    ),
    drawing(graph, layers, edges, at, `Neighbourhood of ${visible(graph.names[at])}`),
  );
}

function hopLinks(hops) {
  return HOPS.map((count, at) => [
    at ? " " : "",
    go(
      { hops: count },
      { class: "hop", "aria-label": counted(at + 1, "hop"), "aria-current": at + 1 === hops ? "true" : null },
      count,
    ),
  ]);
}

// As far as the drawing stays small.
function calmHops(at) {
  for (const hops of [3, 2]) if (neighbourhood(graph, at, hops, 0).all <= NODES_DRAWN_CALM) return hops;
  return 1;
}

// Lists of neighbours

function side(neighbours, at, title) {
  const direct = [...around(neighbours, at)];
  const all = reached(neighbours, at);
  const list = element("ul");
  const total =
    all.size > direct.length ? `, ${whole(all.size)} with everything beyond${reportsIn(neighbours, all)}` : "";
  return element(
    "section",
    {},
    element("h3", {}, title, " ", element("span", { class: "quiet" }, `${whole(direct.length)} directly${total}`)),
    paged(
      list,
      direct,
      (other) =>
        element(
          "li",
          {},
          nodeLink(graph.ids[other]),
          ofReport(graph.ids[other]),
          " ",
          element("span", { class: "quiet" }, words(graph.kinds[other])),
          " ",
          pills(other),
        ),
      NEIGHBOURS,
    ),
  );
}

function reportsIn(neighbours, all) {
  const count = neighbours === graph.readers ? [...all.keys()].filter((at) => graph.kinds[at] === "report").length : 0;
  return count ? ` (${counted(count, "report")})` : "";
}

function actions(at, id) {
  const topics = topicsAbove(graph, at);
  const fromTopic = topics.length
    ? go({ node: "", panel: "path", from: graph.ids[topics[0]], to: id }, { class: "action" }, "Path from topic")
    : null;
  return element(
    "p",
    { class: "actions" },
    fromTopic,
    go(
      { node: "", panel: "path", from: id, to: state.to === id ? "" : state.to },
      { class: "action" },
      "Path from here",
    ),
    go(
      { node: "", panel: "path", to: id, from: state.from === id ? "" : state.from },
      { class: "action" },
      "Path to here",
    ),
  );
}

// Attributes

function attributes(at) {
  const facts = graph.facts[at] || {};
  const rows = [
    ["project", graph.projects[at] ? foreign(graph.projects[at]) : null],
    ["owners", people(graph.owners[at])],
    ["relation", graph.relations[at] ? element("code", {}, foreign(graph.relations[at])) : null],
    ...Object.keys(facts)
      .filter((name) => name !== "relation" || !graph.relations[at])
      .map((name) => [name, fact(name, facts[name])]),
  ].filter(([, value]) => value !== null);
  return element(
    "dl",
    { class: "facts" },
    rows.map(([name, value]) => element("div", {}, element("dt", {}, words(name)), element("dd", {}, value))),
  );
}

function fact(name, value) {
  if (value === null) return element("span", { class: "quiet" }, "unknown");
  if (typeof value === "number") return number(name, value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return outsideLink(value) ?? foreign(value);
  if (Array.isArray(value) && value.every((one) => typeof one === "string"))
    return value.length
      ? value.flatMap((one, place) => [place ? ", " : "", foreign(one)])
      : element("span", { class: "quiet" }, "none");
  return element("code", {}, foreign(JSON.stringify(value)));
}

// The text of the link is its whole address, so that it cannot lie; other schemes stay text.
function outsideLink(text) {
  if (!/^https?:\/\/[^\s]+$/i.test(text) || !URL.canParse(text)) return null;
  const { href } = new URL(text);
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, foreign(href));
}

// Paths

function pathPanel() {
  return [
    panelHead("Path", "between two nodes", { panel: "", from: "", to: "" }),
    element("form", { class: "ends" }, endField("from", "From"), endField("to", "To")),
    ...pathAnswer(),
  ];
}

function endField(name, label) {
  const suggestions = element("datalist", { id: `${name}-ids` });
  const input = element("input", {
    id: `${name}-id`,
    type: "text",
    list: `${name}-ids`,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "id or part of a name",
  });
  input.value = state[name];
  input.addEventListener("input", (event) => {
    const chosen = !event.inputType || event.inputType === "insertReplacementText";
    if (chosen && graph.positions.has(input.value)) navigate({ [name]: input.value });
    else
      suggestions.replaceChildren(
        ...searched(input.value)
          .slice(0, SUGGESTIONS)
          .map((at) => element("option", { value: graph.ids[at] }, visible(graph.names[at]))),
      );
  });
  input.addEventListener("change", () => {
    const first = graph.positions.has(input.value) ? input.value : graph.ids[searched(input.value)[0]];
    navigate({ [name]: input.value.trim() ? (first ?? input.value) : "" });
  });
  return element("label", {}, label, input, suggestions);
}

function pathAnswer() {
  const ends = [state.from, state.to];
  const lost = ends.find((id) => id && !graph.positions.has(id));
  if (lost) return [empty(`${visible(lost)} is not in the graph.`)];
  if (ends.includes(""))
    return [empty("Choose two nodes. The path follows the data, from what is read to what reads it.")];
  const [from, to] = ends.map((id) => graph.positions.get(id));
  const path = shortestPath(graph, from, to);
  if (path) return [chain(path), between(from, to, path.length), otherTopics(from, to)];
  const back = shortestPath(graph, to, from)
    ? go({ from: state.to, to: state.from }, {}, "A path leads the other way.")
    : "No path leads the other way either.";
  return [element("p", { class: "empty" }, "No path leads from the first node to the second. ", back)];
}

function chain(path) {
  const steps = path.map((at) =>
    element(
      "li",
      { class: family(graph.kinds[at]) },
      element("div", {}, nodeLink(graph.ids[at]), " ", pills(at)),
      element("div", { class: "quiet id" }, foreign(graph.ids[at])),
    ),
  );
  return element(
    "div",
    {},
    element("p", { class: "caption" }, `A shortest path: ${counted(path.length - 1, "step")}`),
    element("ol", { class: "chain" }, steps),
  );
}

// Everything on any path between two nodes; nothing when that is the shortest path itself.
function between(from, to, known) {
  const above = reached(graph.reads, to);
  const nodes = [...reached(graph.readers, from).keys()].filter((at) => above.has(at) || at === to);
  if (nodes.length + 1 <= known) return "";
  const caption = `${whole(nodes.length + 1)} nodes lie on a path between them`;
  if (nodes.length > NODES_DRAWN_MAX) return element("p", { class: "quiet" }, `${caption}, too many to draw.`);
  const edges = edgesWithin(graph, [from, ...nodes]);
  return element(
    "div",
    { class: "surroundings" },
    element("p", { class: "caption" }, caption),
    drawing(graph, layersAround(from, [], nodes, edges), edges, from, "All paths between the two nodes"),
  );
}

function otherTopics(from, to) {
  const others = topicsAbove(graph, to).filter((at) => at !== from);
  if (!others.length) return "";
  const list = element("ul");
  return element(
    "section",
    {},
    element("h3", {}, "From other topics"),
    paged(
      list,
      others,
      (at) => element("li", {}, go({ from: graph.ids[at] }, { class: "name" }, foreign(graph.ids[at]))),
      NEIGHBOURS,
    ),
  );
}
