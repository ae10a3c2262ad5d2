// Unpacks the table of pairs, searches and shows it. No library; nothing is fetched; names are only ever text.
"use strict";

(() => {
  const root = document.getElementById("finder");
  const box = document.getElementById("query");
  const status = document.getElementById("found");
  const body = document.getElementById("rows");
  const page = document.getElementById("page");
  const previous = document.getElementById("previous");
  const next = document.getElementById("next");
  const PER_PAGE = 20;
  const WAIT_MS = 120;

  let data, text, hay, order, found, at = 0, sortedBy = "", down = false;

  const number = (n) => n.toLocaleString(data.lang);
  const fill = (phrase, parts) => phrase.replace(/\{(\w+)\}/g, (_, key) => parts[key]);
  const plain = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  async function unpack() {
    const packed = atob(document.getElementById("pairs-data").textContent.trim());
    const bytes = Uint8Array.from(packed, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    data = JSON.parse(await new Response(stream).text());
    text = {};
    for (const [name, lines] of Object.entries(data.columns)) text[name] = lines.split("\n");
    const points = data.points.map((lines) => lines.split("\n").map(Number));
    text.parts = points;
    text.points = Array.from({ length: data.rows }, (_, k) => points.reduce((sum, one) => sum + one[k], 0));
    text.why = data.why.split("\n").map(Number);
    const said = Object.entries(data.columns).filter(([name]) => name !== "left_levels");
    const folded = said.map(([, lines]) => plain(lines).split("\n"));
    const countries = Object.fromEntries(Object.entries(data.countries).map(([c, n]) => [c, plain(n)]));
    hay = Array.from({ length: data.rows }, (_, k) =>
      folded.map((lines) => lines[k]).join(" ") + " " + (countries[text.country[k]] || ""));
    order = Array.from({ length: data.rows }, (_, k) => k);
  }

  function search() {
    const wanted = plain(box.value).split(/\s+/).filter(Boolean);
    found = order.filter((k) => wanted.every((word) => hay[k].includes(word)));
    at = 0;
    show();
    root.dataset.searched = box.value;
  }

  function element(tag, said, kind) {
    const made = document.createElement(tag);
    if (said !== undefined) made.textContent = said;
    if (kind) made.className = kind;
    return made;
  }

  function place(cell, name, more, id) {
    cell.append(element("span", name || data.words.unknown, "name"));
    cell.append(element("span", more.filter(Boolean).join(" · "), "more"));
    cell.append(element("span", id, "id"));
  }

  function row(k) {
    const made = element("tr");
    const school = element("th");
    school.scope = "row";
    place(school, text.left_name[k],
      [text.left_city[k], text.academie[k], data.levels[text.left_levels[k]]], text.left_id[k]);
    const partner = element("td");
    const worth = element("td", undefined, "number");
    if (text.why[k]) {
      partner.append(element("span", data.words["no partner"], "name"));
      partner.append(element("span", data.reasons[text.why[k]], "more"));
    } else {
      place(partner, text.right_name[k], [text.right_city[k], data.countries[text.country[k]]], text.right_id[k]);
      const details = element("details");
      const head = element("summary", number(text.points[k]));
      head.title = data.words.detail;
      details.append(head);
      const list = element("dl");
      data.criteria.forEach((name, c) => {
        list.append(element("dt", name), element("dd", number(text.parts[c][k])));
      });
      details.append(list);
      worth.append(details);
    }
    made.append(school, partner, worth);
    return made;
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const shown = found.slice(at * PER_PAGE, (at + 1) * PER_PAGE);
    body.replaceChildren(...shown.map(row));
    const counted = fill(data.words.found, { n: number(found.length), all: number(data.rows) });
    status.textContent = found.length ? counted : counted + ". " + data.words["found none"];
    page.textContent = fill(data.words["page of"], { page: number(at + 1), pages: number(pages) });
    previous.disabled = at === 0;
    next.disabled = at + 1 >= pages;
  }

  function sort(name) {
    down = sortedBy === name ? !down : name === "points";
    sortedBy = name;
    const values = text[name];
    const compare = name === "points" ? (a, b) => a - b : new Intl.Collator(data.lang).compare;
    const by = (a, b) => compare(values[a], values[b]);
    order.sort((a, b) => (down ? by(b, a) : by(a, b)) || a - b);
    for (const button of root.querySelectorAll("button[data-sort]")) {
      const is = button.dataset.sort === name;
      button.closest("th").setAttribute("aria-sort", is ? (down ? "descending" : "ascending") : "none");
    }
    search();
  }

  function download() {
    const heads = ["left_id", "left_name", "left_city", "academie", "right_id", "right_name", "right_city",
      "country", "points", "reason"];
    // A spreadsheet would run a cell that begins like a formula.
    const cell = (value) => {
      const safe = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(value) ? "'" + value : value;
      return '"' + String(safe).replace(/"/g, '""') + '"';
    };
    const lines = found.map((k) => heads.map((name) =>
      name === "points" ? text.points[k] : cell(name === "reason" ? data.reasons[text.why[k]] : text[name][k])
    ).join(","));
    const blob = new Blob(["\ufeff" + heads.join(",") + "\r\n" + lines.join("\r\n") + "\r\n"], { type: "text/csv" });
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = "twins.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function start() {
    status.textContent = root.dataset.loading;
    root.hidden = false;
    try {
      await unpack();
    } catch (error) {
      status.textContent = root.dataset.failed;
      return;
    }
    let timer;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, WAIT_MS);
    });
    const turn = (step) => () => {
      at += step;
      show();
      body.closest("table").scrollIntoView({ block: "nearest" });
    };
    previous.addEventListener("click", turn(-1));
    next.addEventListener("click", turn(1));
    document.getElementById("download").addEventListener("click", download);
    for (const button of root.querySelectorAll("button[data-sort]")) {
      button.addEventListener("click", () => sort(button.dataset.sort));
      button.disabled = false;
    }
    box.disabled = false;
    found = order;
    show();
    root.dataset.ready = "yes";
  }

  start();
})();
