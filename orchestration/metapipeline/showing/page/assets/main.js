"use strict";
// State, filters and rendering. The state is the address behind `#`, so that a view can be sent to a colleague.

const FIELDS = ["view", "q", "kind", "project", "owner", "mark", "finding", "node", "hops", "panel", "from", "to"];
const FILTERS = ["q", "kind", "project", "owner", "mark"];
const NONE = "!";
const VIEWS = ["findings", "nodes", "gaps"];

const NARROW = matchMedia("(max-width: 60rem)"); // there the panel covers the list

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const graph = readGraph(data);
const findings = data.findings.map(([kind, subject, name, reason, proofs, numbers, owners, removable]) => ({
  kind,
  subject,
  name: name || subject,
  reason,
  evidence: proofs,
  numbers,
  owners,
  removable: removable === 1,
}));
const gaps = data.gaps.map(([kind, reader, read, reason, candidates]) => ({ kind, reader, read, reason, candidates }));
const findingsBySubject = grouped(findings.map((one) => [one.subject, one]));
const gapsByReader = grouped(gaps.map((gap) => [gap.reader, gap]));
const gapsByCandidate = grouped(gaps.flatMap((gap) => gap.candidates.map((id) => [id, gap])));
const drawnParts = {};
let state = readState();
let haystack = null;
let byReaders = null;

function findingsOf(at) {
  return findingsBySubject.get(graph.ids[at]) ?? [];
}

function gapsOf(at) {
  return gapsByReader.get(graph.ids[at]) ?? [];
}

function marksOf(at) {
  return [...new Set(findingsOf(at).map((one) => one.kind))];
}

// State

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  const read = Object.fromEntries(FIELDS.map((name) => [name, given.get(name) ?? ""]));
  return { ...read, view: VIEWS.includes(read.view) ? read.view : VIEWS[0] };
}

function address(change) {
  const next = { ...state, ...change };
  if ("node" in change && !("hops" in change) && change.node !== state.node) next.hops = "";
  const given = FIELDS.filter((name) => next[name] && !(name === "view" && next[name] === VIEWS[0])).map((name) => [
    name,
    next[name],
  ]);
  return `#${new URLSearchParams(given)}`;
}

// On a narrow screen a change of the list closes the panel that covers it.
function listed(change) {
  return NARROW.matches && !("panel" in change) ? { ...change, node: "", panel: "" } : change;
}

function navigate(change, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address(change));
  render();
}

// Search and filters

// Nodes with the text in name or id: whole name, start of name, within name, id; inside of each the most read first.
function searched(text) {
  const wanted = text.trim().toLowerCase();
  byReaders ??= Array.from(graph.ids.keys()).sort(
    (a, b) => degree(graph.readers, b) - degree(graph.readers, a) || a - b,
  );
  if (!wanted) return byReaders;
  haystack ??= graph.ids.map((id, at) => ({ id: id.toLowerCase(), name: graph.names[at].toLowerCase() }));
  const ranks = [[], [], [], []];
  for (const at of byReaders) {
    const { id, name } = haystack[at];
    const place = name.indexOf(wanted);
    if (place >= 0) ranks[name === wanted ? 0 : place === 0 ? 1 : 2].push(at);
    else if (id.includes(wanted)) ranks[3].push(at);
  }
  return ranks.flat();
}

function narrowed() {
  return FILTERS.some((name) => state[name]);
}

function owned(owners) {
  if (!state.owner) return true;
  return state.owner === NONE ? !owners.length : owners.includes(state.owner);
}

function marked(at) {
  if (!state.mark) return true;
  return state.mark === "gap" ? gapsOf(at).length > 0 : findingsOf(at).some((one) => one.kind === state.mark);
}

function fits(at) {
  return (
    (!state.kind || graph.kinds[at] === state.kind) &&
    (!state.project || graph.projects[at] === (state.project === NONE ? "" : state.project))
  );
}

function matched() {
  const nodes = searched(state.q).filter((at) => fits(at) && owned(graph.owners[at]) && marked(at));
  if (!narrowed()) return { nodes, findings, gaps };
  const found = new Set(searched(state.q));
  const wanted = state.q.trim().toLowerCase();
  const ofNode = (id, name, owners) => {
    const at = graph.positions.get(id);
    if (at === undefined)
      return (
        !state.kind && !state.project && !state.mark && owned(owners) && `${name}\n${id}`.toLowerCase().includes(wanted)
      );
    return found.has(at) && fits(at) && (owned(owners) || owned(graph.owners[at])) && marked(at);
  };
  return {
    nodes,
    findings: findings.filter(
      (one) =>
        ofNode(one.subject, one.name, one.owners) && (!state.mark || state.mark === "gap" || one.kind === state.mark),
    ),
    gaps: gaps.filter((gap) => ofNode(gap.reader, "", [])),
  };
}

function fillFilters() {
  const counts = (values) =>
    [...values.reduce((found, value) => found.set(value, (found.get(value) ?? 0) + 1), new Map())].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
  const option = (value, text, count) =>
    element("option", { value }, count === undefined ? text : `${text} (${whole(count)})`);
  const named =
    (none) =>
    ([value, count]) =>
      option(value === "" ? NONE : value, value === "" ? none : visible(value), count);
  const people = [...graph.owners.flat(), ...findings.flatMap((one) => one.owners)];
  const nobody = graph.owners.filter((owners) => !owners.length).length;
  const marks = counts(findings.map((one) => one.kind)).map(([kind, count]) => option(kind, findingMark(kind), count));
  byId("kind").append(
    option("", "all"),
    ...counts(graph.kinds).map(([kind, count]) => option(kind, words(kind), count)),
  );
  byId("project").append(option("", "all"), ...counts(graph.projects).map(named("none")));
  byId("owner").append(
    option("", "all"),
    option(NONE, "nobody", nobody),
    ...[...new Set(people)].sort().map((owner) => option(owner, visible(owner))),
  );
  byId("mark").append(option("", "all"), ...marks, ...(gaps.length ? [option("gap", "gap", gapsByReader.size)] : []));
}

function syncFilters() {
  for (const name of FILTERS) {
    const field = byId(name);
    if (field.value === state[name]) continue;
    if (name !== "q" && ![...field.options].some(({ value }) => value === state[name]))
      field.append(element("option", { value: state[name] }, visible(state[name])));
    field.value = state[name];
  }
  byId("clear").hidden = !narrowed();
  byId("clear").change = Object.fromEntries(FILTERS.map((name) => [name, ""]));
}

// Rendering

// Calls `draw` when one of the fields has changed since the last time.
function whenChanged(part, fields, draw) {
  const key = JSON.stringify(fields.map((name) => state[name]));
  if (drawnParts[part] === key) return false;
  drawnParts[part] = key;
  draw();
  return true;
}

function render() {
  state = readState();
  syncFilters();
  whenChanged("list", ["view", "finding", ...FILTERS], renderList);
  const moved = whenChanged("panel", ["node", "hops", "panel", "from", "to"], renderPanel);
  markCurrent();
  if (moved) focusPanel();
}

function renderList() {
  const found = matched();
  const counts = { findings: found.findings.length, nodes: found.nodes.length, gaps: found.gaps.length };
  byId("views").replaceChildren(
    ...VIEWS.map((view) =>
      go(
        { view },
        { "aria-current": view === state.view ? "page" : null },
        capital(view),
        " ",
        element("span", { class: "quiet" }, whole(counts[view])),
      ),
    ),
    go({ panel: "path", node: "" }, { class: "tool" }, "Find a path"),
  );
  const view = { findings: findingsView, nodes: nodesView, gaps: gapsView }[state.view];
  byId("list").replaceChildren(...view(found[state.view]).filter(Boolean));
  byId("status").textContent = VIEWS.map((name) => counted(counts[name], name.slice(0, -1))).join(", ");
}

function renderPanel() {
  const panel = byId("panel");
  const at = graph.positions.get(state.node);
  const open = state.node || state.panel === "path";
  panel.hidden = !open;
  document.body.classList.toggle("selected", Boolean(open));
  if (!open) panel.replaceChildren();
  else if (!state.node) panel.replaceChildren(...pathPanel().filter(Boolean));
  else if (at === undefined)
    panel.replaceChildren(panelHead("Not in the graph", "", { node: "" }), empty(visible(state.node)));
  else panel.replaceChildren(...back(), ...nodePanel(at).filter(Boolean));
  panel.scrollTop = 0;
}

function back() {
  return state.panel === "path" && state.from ? [go({ node: "" }, { class: "back" }, "\u2190 Path")] : [];
}

function focusPanel() {
  const started = drawnParts.started;
  drawnParts.started = true;
  const typing = document.activeElement?.closest?.("form");
  if (!started || typing) return;
  if (byId("panel").hidden) {
    (document.querySelector(".left a") ?? byId("list")).focus({ preventScroll: !NARROW.matches });
    return;
  }
  const open = state.panel === "path" && !state.node ? ["from", "to"].find((end) => !state[end]) : undefined;
  (open ? byId(`${open}-id`) : byId("panel").querySelector("h2"))?.focus({ preventScroll: true });
  if (NARROW.matches) scrollTo(0, 0);
}

function markCurrent() {
  for (const row of document.querySelectorAll("[data-row]")) {
    const current = state.node !== "" && row.dataset.row === visible(state.node);
    row.classList.toggle("left", state.node === "" && row.classList.contains("current"));
    row.classList.toggle("current", current);
  }
}

// Events

function renewAddress(event) {
  const link = event.target.closest?.("a");
  if (link?.change) link.setAttribute("href", address(link.closest("header") ? listed(link.change) : link.change));
}

function listen() {
  for (const type of ["click", "auxclick", "contextmenu", "pointerdown", "focusin"])
    document.addEventListener(type, renewAddress, true);
  addEventListener("hashchange", render);
  addEventListener("popstate", render);
  addEventListener("beforeprint", () =>
    document.querySelectorAll("details").forEach((one) => {
      one.open = true;
    }),
  );
  document.addEventListener("keydown", shortcut);
  document.addEventListener("submit", (event) => event.preventDefault());
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("list").focus();
  });
  byId("q").addEventListener("input", () => navigate(listed({ q: byId("q").value, view: "nodes" }), true));
  byId("q").addEventListener("keydown", (event) => {
    if (event.key === "Enter") byId("list").querySelector("a.name")?.click();
  });
  for (const name of FILTERS.slice(1))
    byId(name).addEventListener("change", () => navigate(listed({ [name]: byId(name).value })));
}

function shortcut(event) {
  const field = event.target.closest("input, select, textarea");
  if (event.key === "/" && !field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("q").focus();
    byId("q").select();
  }
  if (event.key === "Escape" && !field && document.body.classList.contains("selected")) {
    navigate(state.node ? { node: "" } : { panel: "", from: "", to: "" });
  }
}

document.title = byId("title").textContent = visible(data.title);
byId("facts").textContent =
  `${counted(graph.size, "node")}, ${counted(graph.edges, "edge")}, ${counted(gaps.length, "gap")} \u00b7 generated ${data.generated_at}`;
fillFilters();
listen();
render();
