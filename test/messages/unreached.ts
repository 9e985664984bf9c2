import type { Place } from "./reached.ts";

/** What begins so is said elsewhere, or cannot be provoked: by the file, and by what stands in the line. */
interface Exception {
  readonly why: string;
  readonly of: readonly (readonly [path: string, line: string])[];
}

const exceptions: readonly Exception[] = [
  {
    why: "what a cloud is asked and answers is in the tests of its AuthProvider, row by row",
    of: [
      ["src/auth/azure/", ""],
      ["src/auth/aws/", ""],
      ["src/auth/google/", ""],
      ["src/auth/alibaba/", ""],
      ["src/keychain/cloud", ""],
      ["src/keychain/federated-token.ts", ""],
      ["src/keychain/minted-provider.ts", ""],
      ["src/keychain/renewals.ts", ""],
      ["src/keychain/service-answer.ts", ""],
      ["src/kube/token-request.ts", ""],
      ["src/transport/service-client.ts", ""],
      ["src/api/auth-", ""],
    ],
  },
  {
    why: "guards against a defect of ours, or of a library: no input is known that leads there",
    of: [
      ["src/compute/compiler.ts", "nests too deeply"],
      ["src/compute/compiler.ts", "syntax error"],
      ["src/engine/locations.ts", "cannot say where it reads"],
      ["src/health/prober.ts", "ended unexpectedly"],
      ["src/operator/status-conditions.ts", "not served yet"],
      ["src/operator/status-credentials.ts", "does not exist"],
      ["src/snapshot/compile-object.ts", "InvalidSpec"],
      ["src/store/oci-layout/layout-store.ts", "no endpoint to probe"],
      ["src/store/registry/client.ts", "No answer and no failure"],
      ["src/store/registry/registry-store.ts", "is no endpoint of this Store"],
      ["src/tape/replay.ts", "TAPE_WITHOUT_END"],
      ["src/transport/connector.ts", "no socket"],
      ["src/transport/connector.ts", "the name could not be looked up"],
      ["src/transport/connector.ts", "the host name has no address"],
      ["src/transport/transport.ts", "the request failed"],
      ["src/transport/transport.ts", "no credential was tried"],
      ["src/transport/wire.ts", "was about to leave"],
    ],
  },
  {
    why: "a test of its own has it: it takes much to get there",
    of: [
      ["src/app/input.ts", "larger than 4 MiB"], // main.ts says it here, in a process of its own
      ["src/engine/discovery-walk.ts", ""],
      ["src/engine/judge.ts", "No signature on it"],
      ["src/engine/platforms.ts", ""],
      ["src/engine/signed.ts", "depth"],
      ["src/health/prober.ts", "did not answer a probe"],
      ["src/manifests/directory.ts", "cannot be read"], // whoever runs tests may be allowed to read everything
      ["src/store/oci-layout/layout-store.ts", "is asked for"],
      ["src/store/registry/listing.ts", "one and the same credential"],
      ["src/transport/refusal.ts", "return failed("],
    ],
  },
];

/** Why nothing is said from this place; undefined: a situation is missing. */
export function whyUnreached({ path, text }: Place): string | undefined {
  return exceptions.find(({ of }) => of.some(([file, line]) => path.startsWith(file) && text.includes(line)))?.why;
}
