"use strict";
// The SVG of a layout.

const FAMILIES = {
  source: "origin",
  seed: "origin",
  asset: "origin",
  model: "model",
  snapshot: "model",
  function: "model",
  hook: "model",
  metric: "meaning",
  semantic_model: "meaning",
  saved_query: "meaning",
  exposure: "reader",
  report: "reader",
  query: "reader",
  use: "reader",
};
const NAME_CHARACTERS = 23;
const MARGIN = 14;

function family(kind) {
  return FAMILIES[kind] ?? "model";
}

// The middle of a long name carries the least.
function shortened(text, max) {
  const head = [...visible(text)];
  const tail = head.splice(Math.ceil(head.length / 2));
  if (breadth(head) + breadth(tail) <= max) return [...head, ...tail].join("");
  while (breadth(head) + breadth(tail) >= max) {
    if (breadth(head) < breadth(tail)) tail.shift();
    else head.pop();
  }
  return `${head.join("")}\u2026${tail.join("")}`;
}

// About how many usual letters the characters are wide.
function breadth(characters) {
  return characters.reduce(
    (sum, character) =>
      sum + (/[\u1100-\ud7ff\uf900-\u{1faff}]/u.test(character) ? 2 : /[A-Z@%]/.test(character) ? 1.2 : 1),
    0,
  );
}

function drawing(graph, layers, edges, centre, label) {
  const { boxes, lines, width, height } = layout(layers, edges);
  const svg = drawn("svg", {
    width: width + 2 * MARGIN,
    height: height + 2 * MARGIN,
    viewBox: `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`,
    role: "group",
    "aria-label": label,
  });
  svg.append(...lines.map((chain) => line(chain, centre)), ...boxes.map((box) => boxOf(graph, box, centre, layers)));
  const frame = element("div", { class: "drawing", tabindex: 0, role: "region", "aria-label": label }, svg);
  const centred = () =>
    reveal(
      frame,
      boxes.find((box) => box.node === centre),
    );
  requestAnimationFrame(centred);
  return [frame, fitting(frame, centred)];
}

// A drawing that is larger than its frame is scrolled, or seen as a whole.
function fitting(frame, centred) {
  const button = element("button", { type: "button", class: "fit" }, "See the whole drawing");
  button.addEventListener("click", () => {
    const fits = frame.classList.toggle("whole");
    button.textContent = fits ? "Back to the readable size" : "See the whole drawing";
    if (!fits) centred();
  });
  requestAnimationFrame(() => {
    button.hidden = frame.scrollWidth <= frame.clientWidth && frame.scrollHeight <= frame.clientHeight;
  });
  return button;
}

function reveal(frame, box) {
  if (!box) return;
  frame.scrollLeft = box.x + BOX.width / 2 + MARGIN - frame.clientWidth / 2;
  frame.scrollTop = box.y + MARGIN - frame.clientHeight / 2;
}

function line(chain, centre) {
  let path = "";
  for (let step = 1; step < chain.length; step++) {
    const from = chain[step - 1];
    const to = chain[step];
    const startX = from.x + BOX.width;
    const middle = (startX + to.x) / 2;
    path += path ? `H${startX}` : `M${startX} ${from.y}`;
    path += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
  }
  const near = chain[0].node === centre || chain.at(-1).node === centre;
  return drawn("path", { d: path, class: near ? "edge near" : "edge" });
}

function boxOf(graph, { node, x, y }, centre, layers) {
  const marks = marksOf(node);
  const kind = words(graph.kinds[node]);
  const name = graph.names[node];
  const link = drawn("a", {
    href: address({ node: graph.ids[node] }),
    class: `box ${family(graph.kinds[node])}${node === centre ? " centre" : ""}`,
    transform: `translate(${x} ${y - BOX.height / 2})`,
    "aria-label": [visible(name), kind, ...marks.map(findingMark)].join(", "),
    "aria-current": node === centre ? "true" : null,
  });
  link.change = { node: graph.ids[node] };
  link.append(
    drawn("title", {}, boxTitle(node, layers)),
    drawn("rect", { width: BOX.width, height: BOX.height, rx: 4 }),
    drawn("rect", { width: 5, height: BOX.height, rx: 2, class: "family" }),
    drawn("text", { x: 13, y: 16, class: "name" }, shortened(name, NAME_CHARACTERS)),
    drawn(
      "text",
      { x: 13, y: 31, class: "kind" },
      kind,
      ...marks
        .slice(0, 1)
        .map((mark) => drawn("tspan", { class: `mark pill-${mark}` }, ` \u00b7 ${findingMark(mark)}`)),
    ),
    ...leftOut(node, layers),
  );
  return link;
}

function boxTitle(node, layers) {
  const [above, below] = [graph.reads, graph.readers].map((side) => notDrawn(side, node, layers));
  const more = above + below ? `\nnot drawn: ${whole(above)} that it reads, ${whole(below)} that read it` : "";
  return `${visible(graph.names[node])}\n${visible(graph.ids[node])}${more}`;
}

function notDrawn(side, node, layers) {
  return around(side, node).filter((at) => !layers.has(at)).length;
}

// How many neighbours of a box the drawing leaves out, on its left and on its right.
function leftOut(node, layers) {
  const [above, below] = [graph.reads, graph.readers].map((side) => notDrawn(side, node, layers));
  const parts = [above && `\u2190${whole(above)}`, below && `${whole(below)}\u2192`].filter(Boolean);
  if (!parts.length) return [];
  return [drawn("text", { x: BOX.width - 7, y: 31, "text-anchor": "end" }, parts.join("  "))];
}
