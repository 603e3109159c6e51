/** @jsxImportSource hono/jsx */
// Images of a run's data that were left out, or used although their name stands in two classes.
import type { RunRow } from "../../../core/store/index.ts";
import { count } from "../../format.ts";
import { Card, Scroll } from "../parts.tsx";

const SHOWN = 200;

export function BadImagesCard({ images }: { images: RunRow["badImages"] }) {
  if (images.length === 0) return null;
  const out = images.filter(({ used }) => !used).length;
  return (
    <Card title={`${count(out, "image")} left out, ${images.length - out} in doubt`}>
      <Scroll label="Images left out or in doubt">
        <table id="bad-images">
          <thead>
            <tr>
              {["image", "", "reason"].map((name) => (
                <th scope="col">{name === "" ? <span class="visually-hidden">what was done</span> : name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {images.slice(0, SHOWN).map(({ id, used, reason }) => (
              <tr>
                <th scope="row" class="wrap">
                  {id}
                </th>
                <td>{used ? "used, in doubt" : "left out"}</td>
                <td class="wrap">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {images.length > SHOWN && (
        <p class="small muted">
          The first {SHOWN} of {images.length}; <code>v_bad_images</code> has all of them.
        </p>
      )}
    </Card>
  );
}
