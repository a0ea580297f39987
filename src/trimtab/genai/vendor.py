"""Who answered: the vendor's one name, from a host, from the name that an instrumentation gives, or from a model."""

import re

_NAMES = {
    "azure.ai.openai": "azure", "az.ai.openai": "azure", "azure.ai.inference": "azure", "az.ai.inference": "azure",
    "azure_openai": "azure", "azure_ai": "azure", "azure": "azure", "azureopenai": "azure",
    "aws.bedrock": "bedrock", "aws_bedrock": "bedrock", "bedrock": "bedrock", "aws": "bedrock",
    "bedrock_converse": "bedrock", "aws.bedrock.agentcore": "bedrock", "amazon_bedrock": "bedrock",
    "gcp.vertex_ai": "vertex", "vertex_ai": "vertex", "vertexai": "vertex", "vertex": "vertex",
    "vertex_ai_beta": "vertex",
    "gcp.gemini": "google", "gcp.gen_ai": "google", "gemini": "google", "google": "google", "google_genai": "google",
    "google_generativeai": "google",
    "mistral_ai": "mistral", "mistralai": "mistral", "mistral": "mistral",
    "x_ai": "xai", "xai": "xai", "x-ai": "xai",
    "together_ai": "together", "togetherai": "together", "together": "together",
    "fireworks_ai": "fireworks", "fireworks": "fireworks",
    "cohere_chat": "cohere", "ibm.watsonx.ai": "watsonx", "watsonx": "watsonx",
    "openai_like": "openai_compatible", "hosted_vllm": "vllm", "tgi": "tgi", "text-completion-openai": "openai",
    "text-completion-codestral": "mistral", "huggingface": "huggingface",
}  # fmt: skip
"""Names of `gen_ai.system`, `gen_ai.provider.name`, `llm.provider` and of LiteLLM's providers, and ours."""
_HOSTS = (
    (re.compile(r"(^|\.)api\.openai\.com$"), "openai"),
    (re.compile(r"\.openai\.azure\.com$|\.cognitiveservices\.azure\.com$|\.services\.ai\.azure\.com$"), "azure"),
    (re.compile(r"(^|\.)api\.anthropic\.com$"), "anthropic"),
    (re.compile(r"^bedrock(-agent)?(-runtime)?(-fips)?\..*amazonaws\.com"), "bedrock"),
    (re.compile(r"(^|-)aiplatform\.googleapis\.com$"), "vertex"),
    (re.compile(r"generativelanguage\.googleapis\.com$"), "google"),
    (re.compile(r"(^|\.)mistral\.ai$"), "mistral"),
    (re.compile(r"(^|\.)cohere\.(ai|com)$"), "cohere"),
    (re.compile(r"(^|\.)groq\.com$"), "groq"),
    (re.compile(r"(^|\.)deepseek\.com$"), "deepseek"),
    (re.compile(r"(^|\.)together\.(xyz|ai)$"), "together"),
    (re.compile(r"(^|\.)fireworks\.ai$"), "fireworks"),
    (re.compile(r"(^|\.)x\.ai$"), "xai"),
    (re.compile(r"(^|\.)perplexity\.ai$"), "perplexity"),
    (re.compile(r"(^|\.)openrouter\.ai$"), "openrouter"),
    (re.compile(r"(^|\.)voyageai\.com$"), "voyage"),
    (re.compile(r"(^|\.)replicate\.com$"), "replicate"),
    (re.compile(r"\.ml\.cloud\.ibm\.com$"), "watsonx"),
)
_PATHS = (
    (re.compile(r"^/openai/deployments/"), "azure"),
    (re.compile(r"/publishers/(google|anthropic|mistralai|meta)/models/"), "vertex"),
    (re.compile(r"^/model/.+/(invoke|converse)"), "bedrock"),
    (re.compile(r"^/v1(beta|alpha)?\d*/models/[^/]+:"), "google"),
    (re.compile(r"^/v1/(messages|complete)\b"), "anthropic"),
    (re.compile(r"^/api/(chat|generate|embed|embeddings)$"), "ollama"),
)
_MODELS = (
    (re.compile(r"^(gpt-|o[134](-|$)|text-embedding-|chatgpt-|davinci|dall-e|whisper|tts-|omni-)"), "openai"),
    (re.compile(r"^claude"), "anthropic"),
    (re.compile(r"^gemini"), "google"),
    (re.compile(r"^(mistral|codestral|ministral|magistral|pixtral|open-mi)"), "mistral"),
    (re.compile(r"^(command|rerank-|embed-)"), "cohere"),
    (re.compile(r"^deepseek-"), "deepseek"),
    (re.compile(r"^grok"), "xai"),
    (re.compile(r"^(us|eu|apac|global)?\.?(amazon|anthropic|meta|cohere|mistral|ai21)\.[a-z]"), "bedrock"),
)


def named(name: str) -> str:
    """The vendor that an instrumentation names, by our name; an unknown one stays as it is, in small letters."""
    plain = name.strip().lower()
    return _NAMES.get(plain) or _NAMES.get(plain.replace("-", "_").replace(" ", "_")) or plain


def vendor_of(host: str, path: str = "", model: str = "") -> str:
    """The vendor of a request to a host and path; "" where nothing tells it."""
    bare = host.lower().partition(":")[0]
    for table, text in ((_HOSTS, bare), (_PATHS, path), (_MODELS, model.lower())):
        for pattern, vendor in table:
            if text and pattern.search(text):
                return vendor
    return ""
