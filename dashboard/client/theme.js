// Light or dark before the first paint: the reader's own choice, else the system's. Not a module, so that it runs early.
(() => {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme")?.addEventListener("click", () => {
      const dark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
      const chosen = dark ? "light" : "dark";
      document.documentElement.dataset.theme = chosen;
      localStorage.setItem("theme", chosen);
      document.dispatchEvent(new CustomEvent("themechange"));
    });
  });
})();
