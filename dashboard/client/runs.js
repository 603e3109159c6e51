// The runs table: rows are chosen here and compared by short ids, so that the address stays short; columns are kept.
const form = document.getElementById("choose");
const button = document.getElementById("compare-chosen");
const boxes = () => [...form.querySelectorAll("input[name=run]")];
const all = document.getElementById("choose-all");

form.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes()) box.checked = all.checked;
  show();
});
button.addEventListener("click", () => {
  location.href = `/compare?runs=${chosen().join(",")}`;
});
show();

function chosen() {
  return boxes()
    .filter((box) => box.checked)
    .map((box) => box.value);
}

function show() {
  const n = chosen().length;
  button.disabled = n < 2;
  button.textContent = n < 2 ? "Compare (choose two or more)" : `Compare ${n} runs`;
  for (const box of boxes()) box.closest("tr").classList.toggle("chosen", box.checked);
  if (all) all.checked = n > 0 && n === boxes().length;
}
