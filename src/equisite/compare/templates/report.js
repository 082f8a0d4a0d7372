"use strict";
// Draws the charts of the page when they come into view. All names go through textContent
// or are escaped for Plotly; nothing is fetched, nothing is evaluated.
(() => {
  const byId = (id) => document.getElementById(id);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const figures = {};
  let data = null;
  let chosen = 0;
  let printing = false;
  const PAPER = 680;
  const NARROW = 500;
  const COLOURS = 6; // of sites; further ones repeat them with another dash
  const DASHES = { solid: "solid", dot: "dotted", dash: "dashed" };
  const MARKERS = {
    circle: "●", square: "■", diamond: "◆", "triangle-up": "▲", cross: "✚", star: "★", hexagon: "⬢", x: "✖",
  };
  const LABELS = 400; // pixels of the map for labels of features and the colour bar
  const LETTER = 7, LINE = 7; // pixels, across and along an upright label
  const AHEAD = 300; // pixels below the window that are drawn before they are seen

  // Small content stands plain and is there at once; large content is unpacked by the browser.
  function content(id) {
    const [form, text] = byId(id).textContent.split(":");
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    if (form === "plain") return bytes.buffer;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  function unpack(buffer) {
    const size = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
    let start = 4 + size;
    const columns = {};
    for (const [name, length] of head.columns) {
      const shuffled = new Uint8Array(buffer, start, 4 * length);
      const plain = new Uint8Array(4 * length);
      for (let b = 0; b < 4; b++) {
        for (let i = 0; i < length; i++) plain[4 * i + b] = shuffled[b * length + i];
      }
      columns[name] = new Float32Array(plain.buffer);
      start += 4 * length;
    }
    return { ...head, columns };
  }

  const look = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const chartColour = { $alarm: "chart-alarm", $warn: "chart-warn", $calm: "chart-calm" };

  function coloured(part) {
    if (typeof part === "string" && part[0] === "$") return look(chartColour[part] ?? part.slice(1));
    if (Array.isArray(part)) return part.map(coloured);
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, coloured(v)]));
    }
    return part;
  }

  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("%{", "% {");

  // A legend of the page wraps with its names; one of Plotly takes its room from the chart.
  function legend(box, traces) {
    let list = box.previousElementSibling;
    if (!list?.classList.contains("legend")) {
      list = document.createElement("ul");
      list.className = "legend";
      box.before(list);
    }
    list.replaceChildren(...traces.map((trace) => {
      const entry = document.createElement("li"), mark = document.createElement("span");
      const line = trace.line?.dash;
      mark.className = line ? "line" : "marker";
      mark.ariaHidden = "true";
      if (line) mark.style.borderTop = `${Math.ceil(trace.line.width)}px ${DASHES[line]} ${coloured(trace.line.color)}`;
      else {
        mark.textContent = MARKERS[trace.marker.symbol];
        mark.style.color = coloured(trace.marker.color);
      }
      entry.append(mark, trace.name);
      return entry;
    }));
  }

  function draw(box, figure) {
    const axis = { gridcolor: look("line"), zerolinecolor: look("line"), linecolor: look("line") };
    const layout = coloured(figure.layout);
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.font = { color: look("text"), size: 13, family: "system-ui, sans-serif" };
    layout.hoverlabel = { bgcolor: look("raised"), font: { color: look("text") } };
    layout.xaxis = { ...axis, ...layout.xaxis, fixedrange: true };
    layout.yaxis = { ...axis, ...layout.yaxis, fixedrange: true };
    layout.dragmode = false;
    const ticks = layout.xaxis.tickangle === -90 ? layout.xaxis.tickvals.length : 0;
    if (ticks * LINE > (printing ? PAPER : box.clientWidth)) layout.xaxis.showticklabels = false;
    if (printing) layout.width = PAPER;
    if (layout.showlegend) legend(box, figure.data);
    layout.showlegend = false;
    box.style.height = `${layout.height}px`;
    return Plotly.react(box, coloured(figure.data), layout, { displayModeBar: false, responsive: true });
  }

  const fixed = (value, digits = 4) =>
    Number.isFinite(value) ? String(Number(value.toPrecision(digits))).replace("-", "−") : "–";
  // As many decimals as give half of an interval two digits, as in the tables of the page.
  const placesOf = (low, high) => Math.max(0, 1 - Math.floor(Math.log10((high - low) / 2)));
  const rounded = (low, high) => withPlaces(placesOf(low, high));
  function withPlaces(places) {
    return Number.isFinite(places) && places <= 6
      ? (value) => (Number.isFinite(value) ? (Number(value.toFixed(places)) || 0).toFixed(places).replace("-", "−") : "–")
      : fixed;
  }
  const percent = (value, places = 1) => (Number.isFinite(value) ? `${(100 * value).toFixed(places)} %` : "–");

  function column(name) {
    const count = data.features.length;
    return (site) => data.columns[`site_${name}`][site * count + chosen];
  }

  // The label fits beside the unit where there is room for it.
  function axisTitle() {
    const { label, scale } = data.features[chosen];
    return escaped(innerWidth < NARROW && !printing ? scale : scale === "no unit" ? label : `${label} (${scale})`);
  }

  function forest() {
    const { sites, columns } = data;
    const mean = column("value"), low = column("low"), high = column("high"), weight = column("weight");
    const order = sites.map((_, s) => s).reverse();
    const place = order.map((_, i) => i + 2);
    const known = (v) => (Number.isFinite(v) ? v : null);
    const traces = [{
      type: "scatter", mode: "markers", y: place, x: order.map((s) => known(mean(s))),
      customdata: order.map((s) => {
        const told = rounded(low(s), high(s));
        return [escaped(sites[s].title), told(mean(s)), told(low(s)), told(high(s)), percent(weight(s))];
      }),
      hovertemplate: "%{customdata[0]}: %{customdata[1]} (%{customdata[2]} to %{customdata[3]}), weight %{customdata[4]}<extra></extra>",
      marker: {
        symbol: order.map((s) => (sites[s].pooled ? "square" : "square-open")),
        size: order.map((s) => 7 + 11 * Math.sqrt(weight(s) || 0)),
        color: order.map((s) => (s === data.suspect ? "$alarm" : "$site0")), opacity: 1,
      },
      error_x: {
        type: "data", symmetric: false, color: "$muted", thickness: 1.5, width: 4,
        array: order.map((s) => known(high(s) - mean(s))),
        arrayminus: order.map((s) => known(mean(s) - low(s))),
      },
    }];
    const m = columns.meta_mean[chosen], l = columns.meta_low[chosen], h = columns.meta_high[chosen];
    const pl = columns.meta_predict_low[chosen], ph = columns.meta_predict_high[chosen];
    const several = sites.length > 1;
    const told = rounded(l, h);
    if (several && Number.isFinite(m)) {
      traces.push({
        type: "scatter", mode: "lines", fill: "toself", fillcolor: "$text", line: { color: "$text", width: 1 },
        x: [l, m, h, m, l], y: [1, 1.28, 1, 0.72, 1], hoverinfo: "text",
        text: `Random effects: ${told(m)} (${told(l)} to ${told(h)})`,
      });
    }
    if (Number.isFinite(pl)) {
      traces.push({
        type: "scatter", mode: "lines", x: [pl, ph], y: [0, 0], line: { color: "$calm", width: 7 },
        hoverinfo: "text", text: `Prediction: ${told(pl)} to ${told(ph)}`,
      });
    }
    // A prediction interval of three sites may be far wider than all sites: it is then cut.
    const ends = [...(several ? [l, h] : []), ...order.flatMap((s) => [low(s), high(s)])].filter(Number.isFinite);
    const span = Math.max(Math.max(...ends) - Math.min(...ends), 1e-9) / 2;
    const from = Math.max(Math.min(...ends, Number.isFinite(pl) ? pl : Infinity), Math.min(...ends) - span) - span / 20;
    const to = Math.min(Math.max(...ends, Number.isFinite(ph) ? ph : -Infinity), Math.max(...ends) + span) + span / 20;
    const all = columns.all_value[chosen];
    const cut = pl < from || ph > to;
    return {
      data: traces,
      layout: {
        height: 100 + 32 * (sites.length + 2), margin: { t: 10, b: 50, l: 10, r: 10 }, showlegend: false,
        xaxis: { title: { text: axisTitle() }, range: [from, to], zeroline: false },
        yaxis: {
          tickvals: several ? [0, 1, ...place] : place, range: [several ? -0.7 : 1.3, sites.length + 1.7], automargin: true, showgrid: false, zeroline: false,
          ticktext: [
            ...(several ? [cut ? "Prediction (cut)" : Number.isFinite(pl) ? "Prediction" : "No prediction", "<b>Pooled</b>"] : []),
            ...order.map((s) => escaped(sites[s].short) + (Number.isFinite(mean(s)) ? "" : ": not given")),
          ],
        },
        shapes: Number.isFinite(all)
          ? [{ type: "line", x0: all, x1: all, yref: "paper", y0: 0, y1: 1, line: { color: "$muted", dash: "dot", width: 1.5 } }]
          : [],
      },
    };
  }

  function histogram() {
    const at = data.features[chosen].hist;
    const narrow = innerWidth < NARROW && !printing, n = column("n");
    const bins = at.level + 2, step = (at.high - at.low) / at.level;
    const x = Array.from({ length: bins }, (_, b) => at.low + (b - 0.5) * step);
    const traces = data.sites.map((site, s) => ({
      type: "scatter", mode: "lines+markers", x,
      name: `${site.short}, ${Number.isFinite(n(s)) ? `n = ${n(s)}` : "not given"}`,
      y: x.map((_, b) => { const v = data.columns.hist[at.start + s * bins + b]; return Number.isFinite(v) ? 100 * v : null; }),
      line: { shape: "hvh", color: site.colour, dash: ["solid", "dot", "dash"][Math.floor(s / COLOURS) % 3], width: s === data.suspect ? 3 : 1.7 },
      marker: { size: 5, color: site.colour },
      hovertemplate: `%{y:.1f} %<extra>${escaped(site.short)}</extra>`,
    }));
    return {
      data: traces,
      layout: {
        height: 320, margin: { t: 10, b: 50, l: 50, r: 10 }, showlegend: true,
        xaxis: { title: { text: `${axisTitle()}${narrow ? "" : "; first and last bin are open"}` }, zeroline: false },
        yaxis: { title: { text: "Patients (%)" }, rangemode: "tozero" },
      },
    };
  }

  function map() {
    const count = data.features.length, tall = count <= 60;
    const rows = data.sites.map((_, s) => Array.from({ length: count }, (_, f) => {
      const v = data.columns.gap[s * count + f];
      return Number.isFinite(v) ? v : null;
    }));
    const z = tall ? data.features.map((_, f) => rows.map((row) => row[f])) : rows;
    const labels = data.features.map((f) => escaped(f.label));
    const titles = data.sites.map((s) => escaped(s.short));
    const text = tall
      ? labels.map((f) => titles.map((s) => `${s}<br>${f}`))
      : titles.map((s) => labels.map((f) => `${s}<br>${f}`));
    const narrow = innerWidth < NARROW && !printing, letters = narrow ? 20 : 40;
    const heads = new Set(data.features.map((f) => f.label.split(": ")[0]));
    const shown = data.features.map((f) => {
      const t = heads.size === 1 ? f.label.slice(f.label.indexOf(": ") + 2) : f.label;
      return escaped(t.length > letters ? `${t.slice(0, letters - 1)}…` : t);
    });
    const broken = titles.map((t) => t.replace(/(.{8,}?) /g, "$1<br>"));
    const longest = Math.max(...broken.flatMap((t) => t.split("<br>")).map((t) => t.length));
    const room = (printing ? PAPER : boxes.get("map").clientWidth) - LABELS;
    const upright = narrow || longest * LETTER > room / titles.length;
    const wrapped = upright ? titles : broken;
    const features = { tickvals: tall ? labels.map((_, f) => f) : [], ticktext: tall ? shown : [], automargin: true };
    const sites = {
      tickvals: titles.map((_, s) => s), ticktext: tall ? wrapped : titles, automargin: true,
      ...(tall && { tickangle: upright ? -90 : 0 }),
    };
    return {
      data: [{
        type: "heatmap", z, text, zmin: -2, zmax: 2, xgap: tall ? 2 : 0, ygap: 2,
        hovertemplate: "%{text}<br>%{z:.2f} SD<extra></extra>",
        colorscale: [[0, look("site0")], [0.5, look("middle")], [1, look("chart-alarm")]],
        colorbar: { title: { text: "SD" }, thickness: 12 }, showscale: !narrow,
      }],
      layout: {
        height: tall ? (upright ? 220 : 130) + 24 * count : 120 + 24 * titles.length, margin: { t: 10, b: 30, l: 10, r: 10 },
        xaxis: tall ? sites : { ...features, title: { text: `${count} features` } },
        yaxis: { ...(tall ? features : sites), autorange: "reversed" },
      },
    };
  }

  function numbers() {
    const cells = ["n", "value", "low", "high", "sd", "weight", "without", "in_unit"].map(column);
    const body = byId("feature-numbers").tBodies[0];
    body.replaceChildren();
    const add = (texts, kind) => {
      const row = body.insertRow();
      if (kind) row.className = kind;
      texts.forEach((text, i) => {
        const cell = document.createElement(i ? "td" : "th");
        if (!i) cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
    };
    const c = data.columns, one = data.features[chosen];
    const all = rounded(c.meta_low[chosen], c.meta_high[chosen]);
    // One column has one number of decimals: that of the site that is known best.
    const places = data.sites.map((_, s) => placesOf(cells[2](s), cells[3](s)));
    const told = withPlaces(Math.max(...places.filter(Number.isFinite)));
    // A mean that was not transformed stands there already.
    const own = one.scale === one.unit ? 7 : 8;
    byId("unit-name").hidden = own === 7;
    data.sites.forEach((site, s) => {
      const [n, mean, low, high, sd, weight, without, unit] = cells.map((c) => c(s));
      const interval = Number.isFinite(low) ? `${told(low)} to ${told(high)}` : "–";
      const name = site.pooled ? site.title : `${site.title} (not pooled)`;
      add([name, fixed(n), told(mean), interval, fixed(sd, 2), percent(weight), told(without), fixed(unit)].slice(0, own),
        s === data.suspect ? "suspect" : "");
    });
    if (data.sites.length === 1) return;
    add(["All patients", fixed(c.all_n[chosen]), all(c.all_value[chosen]), "–", fixed(c.all_sd[chosen], 2), "–", "–", fixed(c.all_in_unit[chosen])].slice(0, own), "total");
    const interval = `${all(c.meta_low[chosen])} to ${all(c.meta_high[chosen])}`;
    add(["Random effects", "–", all(c.meta_mean[chosen]), interval, "–", "–", "–", "–"].slice(0, own), "");
  }

  function choose(index) {
    chosen = index;
    const feature = data.features[index], c = data.columns;
    byId("feature").value = String(index);
    byId("feature-name").textContent = feature.label;
    const p = c.meta_p_adjusted[index];
    const tau = Number.isFinite(c.meta_tau2_low[index])
      ? ` (between-site variance ${fixed(c.meta_tau2[index], 3)}, 95 % ${fixed(c.meta_tau2_low[index], 3)} to ${fixed(c.meta_tau2_high[index], 3)})`
      : "";
    byId("feature-words").textContent = data.sites.length === 1 ? "There is one site: its mean with the 95 % interval." :
      `I² ${percent(c.meta_i2[index], 0)}${tau}; P of heterogeneity, adjusted: ${p < 0.001 ? "< 0.001" : fixed(p, 2)}. ` +
      "Squares are site means, larger with more weight; the diamond is the random-effects mean; the bar is where the mean of a further site would be expected; the dotted line is the mean of all patients." +
      (feature.log ? " In the unit, means are geometric." : "");
    byId("unit-name").textContent = feature.unit === "no unit" ? "Not transformed" : `In ${feature.unit}`;
    numbers();
    byId("histogram-part").hidden = !feature.hist;
    for (const name of ["forest", "histogram"]) redraw(name);
  }

  const made = { forest, histogram, map };
  const seen = new Set();
  const boxes = new Map();

  function redraw(name) {
    const box = boxes.get(name);
    if (!seen.has(name) || !box || box.closest("[hidden]")) return;
    const figure = made[name] ? made[name]() : figures[name];
    if (figure) draw(box, figure);
    if (name === "map" && !box.dataset.clicks) {
      box.dataset.clicks = "1";
      box.on("plotly_click", (event) => {
        const at = event.points[0];
        choose(data.features.length <= 60 ? at.y : at.x);
        byId("feature-name").scrollIntoView({ block: "center" });
      });
    }
  }

  function show(name) {
    if (seen.has(name)) return;
    seen.add(name);
    redraw(name);
  }

  function start(packed, figuresBuffer) {
    data = unpack(packed);
    Object.assign(figures, JSON.parse(new TextDecoder().decode(figuresBuffer)));
    for (const box of document.querySelectorAll("[data-chart]")) boxes.set(box.dataset.chart, box);
    if (byId("controls")) {
      byId("controls").hidden = byId("one-feature").hidden = false;
      const list = byId("feature");
      const values = [...list.options].map((o) => Number(o.value));
      const step = (by) => choose(values[(values.indexOf(chosen) + by + values.length) % values.length]);
      list.addEventListener("change", () => choose(Number(list.value)));
      byId("previous").addEventListener("click", () => step(-1));
      byId("next").addEventListener("click", () => step(1));
      choose(Number(list.dataset.first));
    }
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          watcher.unobserve(entry.target);
          show(entry.target.dataset.chart);
        }
      }
    }, { rootMargin: `${AHEAD}px` });
    for (const [name, box] of boxes) {
      if (box.getBoundingClientRect().top < innerHeight + AHEAD) show(name);
      else watcher.observe(box);
    }
    const again = () => { for (const name of seen) redraw(name); };
    dark.addEventListener("change", again);
    // Paper is narrower than the window, and white: all charts are drawn anew for it.
    addEventListener("beforeprint", () => {
      printing = true;
      for (const name of boxes.keys()) seen.add(name);
      again();
    });
    addEventListener("afterprint", () => { printing = false; again(); });
    document.documentElement.dataset.ready = "1";
  }

  const names = ["data", "figures"];
  if (names.every((id) => byId(id).textContent.startsWith("plain:"))) start(...names.map(content));
  else if (typeof DecompressionStream === "undefined") byId("no-charts").hidden = false;
  else Promise.all(names.map(content)).then((buffers) => start(...buffers));
})();
