// Blocking and tiny: the right theme and language stand before the first paint. Runs as a classic script of this origin.
(function () {
  var root = document.documentElement;
  var choice = null;
  var language = null;
  try {
    choice = localStorage.getItem("nexent.theme");
    language = localStorage.getItem("nexent.language");
  } catch {
    // Storage may be blocked; the system's choice holds.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
  root.lang = language || (/^zh/i.test(navigator.language) ? "zh-CN" : "en");
  // Before any module runs: the schema library must not probe for eval, which the content security policy reports.
  globalThis.__zod_globalConfig = { jitless: true };
})();
