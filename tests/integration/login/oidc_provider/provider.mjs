// A provider of identity for the tests: reads its configuration from standard input, and says on standard output when
// it listens.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Provider from "oidc-provider";

const { issuer, port, jwks, clients, audience, people } = JSON.parse(await text(process.stdin));

const provider = new Provider(issuer, {
  jwks,
  clients,
  clientDefaults: { id_token_signed_response_alg: "RS256" },
  claims: { openid: ["sub"], profile: ["name", "groups"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["the tests' own"] },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
  pkce: { required: () => true },
  extraTokenClaims: (_, token) => ({ groups: people[token.clientId] ?? [] }),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of the tests`, groups: people[id] ?? [] }),
  }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({
        scope: "",
        audience: resource === "https://machi.example.jp" ? audience : resource,
        accessTokenFormat: "jwt",
        accessTokenTTL: 300,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});

createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log("listening"));
