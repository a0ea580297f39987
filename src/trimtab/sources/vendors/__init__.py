"""What vendors of models say that they billed: the cost APIs of OpenAI and Anthropic as a source of bills."""
