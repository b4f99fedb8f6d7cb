import { describe, expect, it } from "vitest";
import { providerOfHost } from "./hosts.ts";

describe("the provider of a host", () => {
  it.each([
    ["api.openai.com", "openai"],
    ["eu.api.openai.com", "openai"],
    ["API.OpenAI.com:443", "openai"],
    ["api.openai.com.", "openai"],
    ["api.anthropic.com", "anthropic"],
    ["generativelanguage.googleapis.com", "gcp.gemini"],
    ["aiplatform.googleapis.com", "gcp.vertex_ai"],
    ["us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"],
    ["aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"],
    ["my-resource.openai.azure.com", "azure.ai.openai"],
    ["my-resource.cognitiveservices.azure.com", "azure.ai.openai"],
    ["my-resource.services.ai.azure.com", "azure.ai.inference"],
    ["models.github.ai", "azure.ai.inference"],
    ["bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"],
    ["bedrock-runtime-fips.us-east-1.amazonaws.com", "aws.bedrock"],
    ["bedrock-runtime.cn-north-1.amazonaws.com.cn", "aws.bedrock"],
    ["bedrock-mantle.us-east-1.api.aws", "aws.bedrock"],
    ["api.cohere.com", "cohere"],
    ["api.cohere.ai", "cohere"],
    ["api.deepseek.com", "deepseek"],
    ["api.groq.com", "groq"],
    ["us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"],
    ["api.mistral.ai", "mistral_ai"],
    ["api.moonshot.cn", "moonshot_ai"],
    ["api.moonshot.ai", "moonshot_ai"],
    ["api.perplexity.ai", "perplexity"],
    ["api.x.ai", "x_ai"],
    ["localhost:11434", "ollama"],
    ["127.0.0.1:11434", "ollama"],
    ["[::1]:11434", "ollama"],
    ["ollama.com", "ollama"],
  ])("%s is %s", (host, provider) => {
    expect(providerOfHost(host)).toBe(provider);
  });

  it.each([
    "",
    ".",
    ":",
    "localhost",
    "localhost:8000",
    "localhost:114340",
    "openai.com",
    "api.openai.com.evil.example",
    "evilapi.openai.com",
    "api.openai.com@evil.example",
    "-aiplatform.googleapis.com",
    "aiplatform.googleapis.com.example",
    ".openai.azure.com",
    "openai.azure.com",
    "bedrock-runtime..amazonaws.com",
    "bedrock-runtime.amazonaws.com",
    "bedrock-runtime.amazonaws.com.cn.example",
    "constructor",
    `${"a".repeat(300)}.openai.azure.com`,
  ])("%s is nobody we know", (host) => {
    expect(providerOfHost(host)).toBeUndefined();
  });
});
