import type { ImageResolution } from "../../src/engine/resolve-image.ts";
import { digest, signed, unknown } from "./fixtures.ts";

export const missing = "acme.azurecr.io/prod/web:gone";
export const ambiguous = "docker.io/library/nginx:1.27";
export const pinned = `acme.azurecr.io/prod/web@${digest("a")}`;

/** One for each way in which an image may be resolved, or not. */
export const resolutions: ReadonlyMap<string, ImageResolution> = new Map<string, ImageResolution>([
  [
    signed,
    {
      image: signed,
      outcome: "resolved",
      digest: digest("a"),
      summary: `${signed} is ${digest("a")}, as production says`,
      stores: [
        { name: "anonymous", repository: "acme.azurecr.io/prod/web", state: "CoveredByOther" },
        { name: "offline", state: "NotAsked" },
        { name: "production", repository: "acme.azurecr.io/prod/web", state: "Resolved", digest: digest("a") },
      ],
    },
  ],
  [
    pinned,
    {
      image: pinned,
      outcome: "resolved",
      digest: digest("a"),
      summary: "the reference names its digest; no registry was asked whether it is there",
      stores: [{ name: "production", repository: "acme.azurecr.io/prod/web", state: "NotAsked" }],
    },
  ],
  [
    missing,
    {
      image: missing,
      outcome: "not-found",
      summary: `${missing} does not exist: asked stores production (NotFound: acme.azurecr.io has no tag gone)`,
      stores: [
        {
          name: "production",
          repository: "acme.azurecr.io/prod/web",
          state: "NotFound",
          failure: { class: "NotFound", message: "acme.azurecr.io has no tag gone" },
        },
      ],
    },
  ],
  [
    ambiguous,
    {
      image: ambiguous,
      outcome: "inconclusive",
      code: "TagAmbiguous",
      summary: `${ambiguous} means different digests: ${digest("a")} by Store/hub, ${digest("b")} by Store/mirror`,
      stores: [
        { name: "hub", repository: "docker.io/library/nginx", state: "Resolved", digest: digest("a") },
        { name: "mirror", repository: "mirror.acme.io/hub/library/nginx", state: "Resolved", digest: digest("b") },
      ],
    },
  ],
  [
    unknown,
    {
      image: unknown,
      outcome: "inconclusive",
      code: "SubjectUnresolved",
      summary: `${unknown} could not be resolved to a digest: mirror (AuthenticationFailed: mirror.acme.io answered 401)`,
      stores: [
        {
          name: "mirror",
          repository: "mirror.acme.io/hub/nginx",
          state: "Failed",
          failure: { class: "AuthenticationFailed", message: "mirror.acme.io answered 401" },
        },
      ],
    },
  ],
]);
