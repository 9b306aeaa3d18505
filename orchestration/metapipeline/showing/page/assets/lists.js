"use strict";
// The three lists: findings, nodes, gaps. Each draws only the rows that are looked at.

const ROWS = 100;
const ROWS_OF_A_KIND = 8;

function nodeLink(id, label) {
  const at = graph.positions.get(id);
  if (at === undefined) return element("span", { class: "name", title: "not in the graph" }, foreign(label ?? id));
  return go(
    { node: id },
    { class: "name", title: visible(id), "data-node": visible(id) },
    foreign(label ?? graph.names[at]),
  );
}

function people(owners) {
  if (!owners.length) return element("span", { class: "quiet" }, "nobody");
  return owners.flatMap((owner, at) => [at ? ", " : "", foreign(owner)]);
}

function pill(kind, text) {
  return element("span", { class: `pill pill-${kind}` }, text);
}

function pills(at) {
  const found = marksOf(at).map((kind) => pill(kind, findingMark(kind)));
  return gapsOf(at).length ? [...found, pill("gap", "gap")] : found;
}

// Findings

function findingsView(found) {
  const kinds = data.finding_kinds.filter((kind) => !state.finding || state.finding === kind);
  const sections = kinds.flatMap((kind) =>
    findingSection(
      kind,
      found.filter((one) => one.kind === kind),
    ),
  );
  const withheld = data.withheld
    .filter(([kind]) => kinds.includes(kind))
    .map(([kind, reason]) =>
      element(
        "div",
        { class: "withheld" },
        element("b", {}, `${findingTitle(kind)}: withheld`),
        element("p", {}, foreign(reason)),
      ),
    );
  return [
    overview(found),
    ...withheld,
    ...(sections.length
      ? sections
      : [empty(narrowed() ? "No finding fits the search and the filters." : "No finding.")]),
  ];
}

function overview(found) {
  const cards = data.finding_kinds.map((kind) => {
    const count = found.filter((one) => one.kind === kind).length;
    const withheld = data.withheld.some(([other]) => other === kind);
    const value = withheld && !count ? "withheld" : whole(count);
    const attributes = {
      class: `card${withheld ? " card-withheld" : ""}${count || withheld ? "" : " card-none"}`,
      "aria-current": state.finding === kind ? "true" : null,
    };
    return element(
      "li",
      {},
      go(
        { finding: state.finding === kind ? "" : kind },
        attributes,
        element("b", {}, value),
        ` ${findingTitle(kind)}`,
      ),
    );
  });
  return element("ul", { class: "cards", "aria-label": "Findings by kind" }, cards);
}

function findingSection(kind, found) {
  if (!found.length) return [];
  const title = element("h2", {}, findingTitle(kind), " ", element("span", { class: "quiet" }, whole(found.length)));
  return [element("section", {}, title, findingTable(found))];
}

function findingTable(found) {
  const names = [...new Set(found.flatMap((one) => Object.keys(one.numbers)))];
  const holder = element("div", { class: "scroll" });
  let order = { name: null, down: true };
  const build = () => {
    const sort = (name) => {
      order = { name, down: order.name === name ? !order.down : true };
      build();
      holder.querySelector(`th[aria-sort] button`)?.focus();
    };
    const body = element("tbody");
    const table = element(
      "table",
      { class: "findings" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, "Node"),
          element("th", { scope: "col", class: "wide" }, "Why"),
          names.map((name) => numberHead(name, order, sort)),
          element("th", { scope: "col" }, "Owner"),
        ),
      ),
      body,
    );
    const [, more] = paged(
      body,
      sorted(found, order),
      (one) => findingRow(one, names),
      state.finding ? ROWS : ROWS_OF_A_KIND,
    );
    holder.replaceChildren(...[table, more].filter(Boolean));
    markCurrent();
  };
  build();
  return holder;
}

function numberHead(name, order, sort) {
  const button = element("button", { type: "button", title: `Sort by ${visible(name)}` }, capital(heading(name)));
  button.addEventListener("click", () => sort(name));
  const direction = order.name === name ? (order.down ? "descending" : "ascending") : null;
  return element("th", { scope: "col", class: "number", "aria-sort": direction }, button);
}

// Unknown values stay behind the known ones in both directions.
function sorted(found, { name, down }) {
  if (name === null) return found;
  const value = (one) => (typeof one.numbers[name] === "number" ? one.numbers[name] : null);
  return [...found].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return (left === null) - (right === null);
    return down ? right - left : left - right;
  });
}

function findingRow(one, names) {
  return element(
    "tr",
    { "data-row": visible(one.subject) },
    element(
      "th",
      { scope: "row" },
      nodeLink(one.subject, one.name),
      element("div", { class: "quiet id" }, foreign(one.subject)),
      kept(one),
    ),
    element("td", { class: "wide" }, foreign(one.reason), evidence(one)),
    names.map((name) => numberCell(name, one.numbers)),
    element("td", { "data-label": "owner" }, people(one.owners)),
  );
}

function kept(one) {
  return one.removable
    ? null
    : element(
        "div",
        { class: "quiet" },
        "not proposed for removal: see the evidence",
      );
}

function numberCell(name, numbers) {
  const value = numbers[name];
  const unknown = value === null || value === undefined;
  return element(
    "td",
    {
      class: `number${unknown ? " quiet" : ""}${typeof value === "string" ? " text" : ""}`,
      "data-label": heading(name),
      title: unknown ? null : visible(value),
    },
    number(name, value),
  );
}

function evidence(one) {
  if (!one.evidence.length) return null;
  return element(
    "details",
    {},
    element("summary", {}, `Evidence (${one.evidence.length})`),
    element(
      "ul",
      {},
      one.evidence.map((sentence) => element("li", {}, foreign(sentence))),
    ),
  );
}

// Nodes

function nodesView(found) {
  if (!found.length) return [empty("No node fits the search and the filters.")];
  const body = element("tbody");
  const table = element(
    "table",
    { class: "nodes" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "Node"),
        element("th", { scope: "col" }, "Kind"),
        element("th", { scope: "col" }, "Project"),
        element("th", { scope: "col" }, "Owner"),
        element("th", { scope: "col", class: "number" }, "Reads"),
        element("th", { scope: "col", class: "number" }, "Read by"),
      ),
    ),
    body,
  );
  return paged(body, found, nodeRow, ROWS).map((made) => (made === body ? table : made));
}

function nodeRow(at) {
  return element(
    "tr",
    { "data-row": visible(graph.ids[at]) },
    element(
      "th",
      { scope: "row" },
      nodeLink(graph.ids[at]),
      " ",
      pills(at),
      element("div", { class: "quiet id" }, foreign(graph.ids[at])),
    ),
    element("td", { "data-label": "kind", class: "kind" }, words(graph.kinds[at])),
    element("td", { "data-label": "project" }, foreign(graph.projects[at])),
    element("td", { "data-label": "owner" }, people(graph.owners[at])),
    element("td", { class: "number", "data-label": "reads" }, whole(degree(graph.reads, at))),
    element("td", { class: "number", "data-label": "read by" }, whole(degree(graph.readers, at))),
  );
}

// Gaps

const GAP_TITLES = {
  disabled: "Reads a node that is disabled",
  missing: "Reads a node that does not exist",
  ambiguous: "The name fits several relations",
  assumed: "The name fits one relation, the connection has no defaults",
  dynamic: "The relation is chosen when the query runs",
  unparsable: "The query is not readable as SQL",
};

function gapsView(found) {
  if (!found.length)
    return [empty(data.gaps.length ? "No gap fits the search and the filters." : "The graph has no gaps.")];
  const kinds = [...new Set(found.map((gap) => gap.kind))];
  return kinds.map((kind) => {
    const rows = found.filter((gap) => gap.kind === kind);
    const list = element("ul", { class: "gaps" });
    return element(
      "section",
      {},
      element("h2", {}, capital(words(kind)), " ", element("span", { class: "quiet" }, whole(rows.length))),
      element("p", { class: "quiet" }, GAP_TITLES[kind] ?? ""),
      paged(list, rows, gapRow, ROWS / 4),
    );
  });
}

function gapRow(gap) {
  return element(
    "li",
    { "data-row": visible(gap.reader) },
    nodeLink(gap.reader),
    ofReport(gap.reader),
    " reads ",
    element("code", {}, foreign(gap.read)),
    element("div", {}, foreign(gap.reason)),
    gap.candidates.length
      ? element(
          "div",
          { class: "quiet" },
          "it may mean ",
          gap.candidates.flatMap((id, at) => [at ? ", " : "", nodeLink(id, id)]),
        )
      : null,
  );
}

// Queries of several reports have the same names.
function ofReport(id) {
  const at = graph.positions.get(id);
  const report = at === undefined || graph.kinds[at] !== "query" ? undefined : around(graph.readers, at)[0];
  return report === undefined ? null : element("span", { class: "quiet" }, " of ", foreign(graph.names[report]));
}

function empty(text) {
  return element("p", { class: "empty" }, text);
}
