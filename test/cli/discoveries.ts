import type { Discovery } from "../../src/engine/discovery.ts";
import { digest, signed, unknown, unsigned } from "./fixtures.ts";
import { missing } from "./resolutions.ts";

const manifest = "application/vnd.oci.image.manifest.v1+json";
const location = "acme.azurecr.io/prod/web";

/** One for each way in which it may go. */
export const discoveries: ReadonlyMap<string, Discovery> = new Map<string, Discovery>([
  [
    signed,
    {
      image: signed,
      digest: digest("a"),
      outcome: "complete",
      summary: "4 artifacts are attached",
      artifacts: [
        {
          digest: digest("c"),
          artifactType: "application/spdx+json",
          mediaType: manifest,
          size: 48_120,
          isTagged: false,
          heldBy: ["evidence", "production"],
          referrers: [
            {
              digest: digest("d"),
              artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
              mediaType: manifest,
              size: 812,
              isTagged: false,
              heldBy: ["production"],
              referrers: [],
            },
          ],
        },
        {
          digest: digest("b"),
          artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
          mediaType: manifest,
          size: 812,
          isTagged: true,
          heldBy: ["production"],
          referrers: [],
        },
        {
          digest: digest("e"),
          mediaType: manifest,
          size: 640,
          isTagged: false,
          heldBy: ["evidence"],
          referrers: [],
          unlisted: "BeyondDepth",
        },
      ],
      stores: [
        {
          name: "anonymous",
          location,
          state: "Failed",
          artifacts: 0,
          failures: [{ class: "AuthenticationFailed", message: "acme.azurecr.io answered 401" }],
        },
        { name: "evidence", location: "signatures.acme.io/evidence", state: "Complete", artifacts: 2, failures: [] },
        { name: "production", location, state: "Complete", artifacts: 3, failures: [] },
      ],
    },
  ],
  [
    unsigned,
    {
      image: unsigned,
      digest: digest("d"),
      outcome: "complete",
      summary: "no artifact is attached",
      artifacts: [],
      stores: [{ name: "production", location, state: "Complete", artifacts: 0, failures: [] }],
    },
  ],
  [
    unknown,
    {
      image: unknown,
      digest: digest("e"),
      outcome: "partial",
      summary: "no artifact found, and there may be more: not every location was listed to its end",
      artifacts: [],
      stores: [
        {
          name: "mirror",
          location: "mirror.acme.io/hub/nginx",
          state: "Failed",
          artifacts: 0,
          failures: [{ class: "AuthenticationFailed", message: "mirror.acme.io answered 401" }],
        },
      ],
    },
  ],
  [
    missing,
    {
      image: missing,
      outcome: "not-found",
      summary: `${missing} does not exist: asked stores production (NotFound: acme.azurecr.io has no tag gone)`,
      artifacts: [],
      stores: [
        {
          name: "production",
          state: "NotFound",
          artifacts: 0,
          failures: [{ class: "NotFound", message: "acme.azurecr.io has no tag gone" }],
        },
      ],
    },
  ],
]);
