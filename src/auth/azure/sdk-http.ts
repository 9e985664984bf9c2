import type { ClientAssertionCredentialOptions } from "@azure/identity";
import type { ServiceClient, ServiceResponse } from "../../keychain/cloud.ts";
import { type Asked, askService } from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";

type HttpClient = NonNullable<ClientAssertionCredentialOptions["httpClient"]>;
type SdkRequest = Parameters<HttpClient["sendRequest"]>[0];
type SdkResponse = Awaited<ReturnType<HttpClient["sendRequest"]>>;

export interface SdkHttpOptions {
  readonly http: ServiceClient;
  readonly asked: Asked;
  /** Where a token is asked for: a host that is built in, and its path. */
  readonly endpoint: { readonly host: string; readonly path: string };
  /** Sees every answer about the request first, and throws for one that is no token. */
  readonly judge: (answer: ServiceResponse) => void;
  /** Why the SDK got no answer: its own errors say it in words of a body. */
  readonly failed: (reason: unknown) => void;
}

/**
 * The connections of `@azure/identity`: ours. What it posts goes to `endpoint` and nowhere else, whatever URL it has come to: the environment
 * (AZURE_REGIONAL_AUTHORITY_NAME) and discovery have no say in who sees the federated token. Of refusals it sees nothing, so that it has nothing to parse,
 * to remember or to try again.
 */
export function sdkHttp({ http, asked, endpoint, judge, failed }: SdkHttpOptions, signal: AbortSignal): HttpClient {
  const post = async (request: SdkRequest): Promise<SdkResponse> => {
    if (request.method !== "POST" || typeof request.body !== "string") throw new TypeError("The SDK asks for something else than a token");
    const sent = Object.entries(request.headers.toJSON()).map(([name, value]) => [name, new Secret(value)] as const);
    const answer = await askService(
      http,
      {
        url: new URL(endpoint.path, `https://${endpoint.host}`),
        hosts: [endpoint.host],
        method: "POST",
        headers: Object.fromEntries(sent),
        body: new Secret(new TextEncoder().encode(request.body)),
        reach: "service",
      },
      asked,
      signal,
    );
    judge(answer);
    return { request, status: answer.status, headers: noHeaders, bodyAsText: new TextDecoder().decode(answer.body) };
  };
  return {
    sendRequest: async (request) => {
      try {
        return await post(request);
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };
}

/** Of an answer: what stands in them is judged before. */
const noHeaders: SdkResponse["headers"] = {
  get: () => undefined,
  has: () => false,
  set: () => {},
  delete: () => {},
  toJSON: () => ({}),
  [Symbol.iterator]: () => [][Symbol.iterator](),
};
