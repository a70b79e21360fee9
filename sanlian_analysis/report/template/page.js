// Headers of tables become buttons that sort; without scripts the tables stay as they are.
for (const table of document.querySelectorAll(".table table")) {
  const body = table.tBodies[0];
  if (!table.tHead || !body || body.rows.length < 3) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      const key = (row) => row.cells[column].textContent.trim();
      const figure = (text) => (/^[≥-]?\s*[\d,.]+/.test(text) ? parseFloat(text.replace(/[^\d.-]/g, "")) : NaN);
      const rows = [...body.rows].sort((one, other) => {
        const a = key(one), b = key(other), m = figure(a), n = figure(b);
        const order = isNaN(m) || isNaN(n) ? a.localeCompare(b, document.documentElement.lang) : m - n;
        return down ? -order : order;
      });
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...rows);
    });
  });
}
