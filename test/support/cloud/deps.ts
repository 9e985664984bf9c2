import type { AmbientIdentity, CloudAccess, ServiceAccountTokens } from "../../../src/keychain/cloud.ts";
import type { AuthProviderDeps, MaterialReader } from "../../../src/keychain/ports.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import type { Logger, LogFields } from "../../../src/kernel/logger.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { Transport } from "../../../src/transport/transport.ts";
import { image, pattern } from "../../oci/support.ts";
import { ManualClock } from "../clock.ts";
import type { Internet } from "./internet.ts";

export const noAmbient: AmbientIdentity = { azure: {}, aws: {}, alibaba: {} };

export interface CloudScene extends AsyncDisposable {
  readonly deps: AuthProviderDeps;
  readonly transport: Transport;
  readonly clock: ManualClock;
  /** TokenRequests that were made: `namespace/name audience`. */
  readonly tokenRequests: string[];
  /** Lines of the log, with their fields. */
  readonly log: string[];
  /** How often the provider said that its state had changed. */
  changes(): number;
}

/** What a provider of a cloud is given, over an {@link Internet}: the transport and its guards are the real ones. */
export function cloudScene(
  internet: Internet,
  options: {
    readonly registries: readonly string[];
    readonly ambient?: Partial<AmbientIdentity>;
    /** Contents by path. */
    readonly files?: Readonly<Record<string, string>>;
    /** Default: a ServiceAccount's token is `token of <namespace>/<name> for <audience>`; null: there is no cluster. */
    readonly tokens?: ServiceAccountTokens | null;
    readonly namespace?: string;
    readonly clock?: ManualClock;
  },
): CloudScene {
  const clock = options.clock ?? new ManualClock();
  const transport = new Transport({ clock, random: () => 0, network: internet.network });
  const tokenRequests: string[] = [];
  const log: string[] = [];
  let changes = 0;
  const tokens: ServiceAccountTokens = options.tokens ?? {
    namespace: "countersign",
    mint: async ({ namespace, name, audience, expirationSeconds }) => {
      tokenRequests.push(`${namespace ?? "countersign"}/${name} ${audience}`);
      const token = new Secret(fakeJWT({ sub: `system:serviceaccount:${namespace ?? "countersign"}:${name}`, aud: [audience] }, clock));
      return { token, expiresAt: clock.now() + expirationSeconds * 1000 };
    },
  };
  const cloud: CloudAccess = {
    http: transport.service,
    ambient: { ...noAmbient, ...options.ambient },
    ...(options.tokens !== null && { tokens }),
    readFile: async (path) => {
      const content = options.files?.[path];
      if (content === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
      return content;
    },
  };
  return {
    transport,
    clock,
    tokenRequests,
    log,
    changes: () => changes,
    deps: {
      name: "acme",
      patterns: options.registries.map(pattern),
      material: noMaterial,
      clock,
      random: () => 0,
      logger: recordingLogger(log),
      cloud,
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      changed: () => {
        changes += 1;
      },
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

/** A JWT that nobody has signed: three parts, with these claims and an end in an hour of the clock. */
export function fakeJWT(claims: Readonly<Record<string, unknown>>, clock: Clock, lifeSeconds = 3600): string {
  const iat = Math.floor(clock.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", typ: "JWT", kid: "test" })}.${part({ iat, exp: iat + lifeSeconds, ...claims })}.${part({ none: true })}`;
}

/** The repository of an image, as a provider is asked. */
export const repositoryOf = image;

export const noMaterial: MaterialReader = {
  secret: () => undefined,
  configMap: () => undefined,
  serviceAccount: (name) => ({ name, uid: `uid-${name}`, resourceVersion: "1", imagePullSecrets: [] }),
};

function recordingLogger(log: string[]): Logger {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
