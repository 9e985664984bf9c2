// As sdk-sts.ts; a file for each, so that nobody loads what is not needed.
export { ECRPUBLICClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr-public";
