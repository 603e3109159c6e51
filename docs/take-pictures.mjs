// Takes the pictures of docs/tour.md and the README from a running dashboard that holds finished runs of two variants.
// Usage: node docs/take-pictures.mjs http://127.0.0.1:4500 frozen-backbone frozen unfrozen
import { chromium } from "playwright-core";
import sharp from "sharp";

const [base, experiment, variantA, variantB] = process.argv.slice(2);
const folder = new URL("./images/", import.meta.url).pathname;

async function runsOf(variant) {
  const q = `experiment = "${experiment}" and variant = "${variant}" and status = done and seed = 0`;
  const response = await fetch(`${base}/api/v1/runs?q=${encodeURIComponent(q)}`);
  return (await response.json()).runs;
}

const [[a], [b]] = [await runsOf(variantA), await runsOf(variantB)];
const query = encodeURIComponent(`experiment = "${experiment}" and status = done`);
const pages = {
  experiments: "/",
  runs: `/runs?q=${query}`,
  run: `/runs/${b.id}`,
  evaluation: `/runs/${b.id}/evaluation`,
  compare: `/compare?q=${query}&group=variant&a=${a.id.slice(0, 8)}&b=${b.id.slice(0, 8)}&cell=1,0`,
  sql: `/sql?q=${encodeURIComponent("select variant, n, mean, low95, high95\nfrom v_variants\nwhere metric = 'test_recall'\norder by mean desc")}`,
};
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
for (const [name, path] of Object.entries(pages)) {
  await page.goto(base + path);
  await page.waitForTimeout(1500); // the charts draw themselves
  const picture = await page.screenshot({ fullPage: name === "compare" });
  await sharp(picture).png({ palette: true, colours: 192, effort: 8 }).toFile(`${folder}${name}.png`); // half the size
}
await browser.close();
