import type { AzureCloudName } from "../../api/auth-azure.ts";

/** What differs between Microsoft's clouds. */
export interface AzureCloud {
  /** Host of Microsoft Entra ID. */
  readonly authorityHost: string;
  /** What the login servers of its registries end with. */
  readonly registrySuffix: string;
  /** Audience of a federated token (learn.microsoft.com, "federatedIdentityCredential": one for each cloud). */
  readonly federatedAudience: string;
}

/** Entra's hosts as its own instance discovery prefers them: `login.chinacloudapi.cn` and `login.windows.net` are aliases. */
export const azureClouds: { readonly [C in AzureCloudName]: AzureCloud } = {
  AzurePublic: {
    authorityHost: "login.microsoftonline.com",
    registrySuffix: ".azurecr.io",
    federatedAudience: "api://AzureADTokenExchange",
  },
  AzureUSGovernment: {
    authorityHost: "login.microsoftonline.us",
    registrySuffix: ".azurecr.us",
    federatedAudience: "api://AzureADTokenExchangeUSGov",
  },
  AzureChina: {
    authorityHost: "login.partner.microsoftonline.cn",
    registrySuffix: ".azurecr.cn",
    federatedAudience: "api://AzureADTokenExchangeChina",
  },
};

/**
 * Whom the Entra token is for: registries and nothing else of Azure, in every cloud. A token for Azure's management would open more, and registries may
 * refuse those (`authentication-as-arm`).
 */
export const registryResource = "https://containerregistry.azure.net";
