"use strict";
// Comfort only: everything can be read without it. It is handed no data and writes no markup.
(() => {
  const PANEL = /^#t\d+-\d+$/;

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      let copied = false;
      try {
        await navigator.clipboard.writeText(source.textContent);
        copied = true;
      } catch {
        copied = document.execCommand("copy");
      }
      button.textContent = copied ? "Copied" : "Selected";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // What is looked for: trials without it are hidden, steps with it are opened.
  for (const finding of document.querySelectorAll(".finding")) {
    finding.hidden = false;
    const samples = finding.closest(".samples");
    finding.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      const panels = [...samples.querySelectorAll(".panel")];
      let found = 0;
      for (const panel of panels) {
        const link = samples.querySelector(`.tiles a[href="#${panel.id}"]`);
        const holds = panel.textContent.toLowerCase().includes(wanted);
        if (link) link.parentElement.hidden = !holds;
        found += holds;
        for (const step of panel.querySelectorAll(".steps details")) {
          step.open = wanted !== "" && step.textContent.toLowerCase().includes(wanted);
        }
      }
      finding.querySelector("output").textContent = wanted === "" ? "" : `in ${found} of ${panels.length}`;
    });
  }

  const mark = () => {
    for (const link of document.querySelectorAll(".tiles [aria-current]")) link.removeAttribute("aria-current");
    if (!PANEL.test(location.hash)) return;
    const link = document.querySelector(`.tiles a[href="${location.hash}"]`);
    if (link) link.setAttribute("aria-current", "true");
  };
  addEventListener("hashchange", mark);
  mark();

  // Arrow keys walk the tiles that are shown; in an open trial they go to its neighbours.
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const tile = event.target.closest(".tiles a");
    if (tile && step) {
      const shown = [...tile.closest(".tiles").querySelectorAll("a")].filter((a) => a.offsetParent);
      shown[shown.indexOf(tile) + step]?.focus();
      event.preventDefault();
    } else if (PANEL.test(location.hash) && !event.target.closest("pre, input, .scroll")) {
      const name = step === 1 ? ".after" : step === -1 ? ".before" : event.key === "Escape" ? ".close" : null;
      const link = name && document.querySelector(`${location.hash} ${name}`);
      if (link) {
        link.click();
        event.preventDefault();
      }
    }
  });

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.printed")) details.open = true;
  });
})();
