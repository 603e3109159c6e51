/** @jsxImportSource hono/jsx */
// Files that the run left: pictures are shown, the rest can be had.
import { OVERLAY_KIND } from "../../../core/store/overlays.ts";
import { bytes, short } from "../../format.ts";
import type { ArtifactRow } from "../../queries/attachments.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Empty, Scroll } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";

export function ArtifactsPage({ run, artifacts }: { run: RunDetail; artifacts: readonly ArtifactRow[] }) {
  return (
    <RunFrame run={run} tab="artifacts">
      {artifacts.length === 0 ? (
        <Empty title="No artifacts yet">
          <p>Checkpoints come with each epoch, pictures at the start and at the end.</p>
        </Empty>
      ) : (
        <>
          <Card title="Files">
            <Scroll label="Files">
              <table>
                <thead>
                  <tr>
                    {["kind", "name", "epoch", "size", "sha256"].map((name) => (
                      <th scope="col">{name}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {artifacts.map((one) => (
                    <tr>
                      <td>{one.kind}</td>
                      <th scope="row">
                        <a href={`/artifacts/${one.artifactId}`}>{one.name}</a>
                      </th>
                      <td>{one.epoch ?? "–"}</td>
                      <td>{bytes(one.bytes)}</td>
                      <td class="mono">{short(one.sha256, 12)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          </Card>
          <Pictures artifacts={artifacts} />
        </>
      )}
    </RunFrame>
  );
}

export function Pictures({ artifacts }: { artifacts: readonly ArtifactRow[] }) {
  const pictures = artifacts.filter(({ kind, mediaType }) => mediaType.startsWith("image/") && kind !== OVERLAY_KIND); // those are under Samples
  return (
    <div class="grid2">
      {pictures.map((one) => (
        <Card title={one.name}>
          <a href={`/artifacts/${one.artifactId}`}>
            <img
              class="sheet picture"
              src={`/artifacts/${one.artifactId}`}
              alt={`${one.kind}: ${one.name}`}
              loading="lazy"
            />
          </a>
        </Card>
      ))}
    </div>
  );
}
