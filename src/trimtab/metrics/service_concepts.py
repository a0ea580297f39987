"""Concepts about hosts and about servers that answer inference requests. Whose names they are: see concepts.py."""

from trimtab.metrics.concept import Alias, Concept, Form, counted, pairs, spread

_ERRORS = ("errors", "error_type")
_CONGESTION = ("congestion", "infiniband_congestion_type")

HOST_CONCEPTS = (
    Concept(
        "host.cpu.busy",
        "host",
        "1",
        "share of the processors' time that is not idle",
        (
            Alias("system.cpu.utilization", -1.0, labels=pairs(cpu_mode="idle"), offset=1.0),
            Alias("node_cpu_seconds_total", -1.0, Form.RATE, pairs(mode="idle"), offset=1.0),
            Alias("cpu_usage_idle", -0.01, labels=pairs(cpu="cpu-total"), offset=1.0),
        ),
    ),
    Concept(
        "host.memory.total",
        "host",
        "By",
        "memory of the host",
        (Alias("system.memory.limit"), Alias("node_memory_MemTotal_bytes"), Alias("mem_total")),
    ),
    Concept(
        "host.memory.used",
        "host",
        "1",
        "share of the memory that programs hold",
        (
            Alias("system.memory.utilization", labels=pairs(system_memory_state="used")),
            Alias("mem_used_percent", 0.01),
        ),
    ),
    Concept(
        "host.memory.available",
        "host",
        "By",
        "memory that programs can have without swapping",
        (Alias("system.linux.memory.available"), Alias("node_memory_MemAvailable_bytes"), Alias("mem_available")),
    ),
    Concept(
        "host.load",
        "host",
        "{thread}",
        "load average over a minute",
        (Alias("system.cpu.load_average.1m"), Alias("node_load1")),
    ),
    *(
        Concept(
            f"fabric.{name}",
            "host",
            unit,
            f"of ports of InfiniBand or RoCE: {meaning}",
            (
                counted(f"infiniband.port.{kind}", labels=pairs(**{label: counter})),
                counted(f"node_infiniband_{exported}_total"),
            ),
        )
        for name, unit, kind, label, counter, exported, meaning in (
            ("link.downed", "{error}", *_ERRORS, "link_downed", "link_downed", "times that the link went down"),
            (
                "link.recovered",
                "{error}",
                *_ERRORS,
                "link_error_recovery",
                "link_error_recovery",
                "times that the link trained anew after errors",
            ),
            ("symbol.errors", "{error}", *_ERRORS, "symbol_error", "symbol_error", "symbols that were read wrongly"),
            ("receive.errors", "{error}", *_ERRORS, "port_rcv_errors", "port_errors_received", "broken packets"),
            (
                "discards",
                "{packet}",
                *_ERRORS,
                "port_xmit_discards",
                "port_discards_transmitted",
                "packets that were thrown away because the port was down or congested",
            ),
            (
                "out_of_sequence",
                "{packet}",
                *_ERRORS,
                "out_of_sequence",
                "out_of_sequence_packets_received",
                "packets that came out of order, so that something before them was lost",
            ),
            (
                "ack.timeouts",
                "{error}",
                *_ERRORS,
                "local_ack_timeout_err",
                "local_ack_timeout_errors",
                "packets that nobody acknowledged in time",
            ),
            ("waits", "{tick}", *_CONGESTION, "port_xmit_wait", "port_transmit_wait", "ticks in which data waited"),
            (
                "congestion.notices",
                "{packet}",
                *_CONGESTION,
                "np_cnp_sent",
                "np_cnp_packets_sent",
                "notifications of congestion that were sent",
            ),
        )
    ),
)

SERVER_CONCEPTS = (
    Concept(
        "inference.running",
        "server",
        "{request}",
        "requests in the running batch",
        (Alias("vllm:num_requests_running"), Alias("sglang:num_running_reqs"), Alias("tgi_batch_current_size")),
    ),
    Concept(
        "inference.waiting",
        "server",
        "{request}",
        "requests in the queue",
        (
            Alias("vllm:num_requests_waiting"),
            Alias("sglang:num_queue_reqs"),
            Alias("tgi_queue_size"),
            Alias("nv_inference_pending_request_count"),
        ),
    ),
    Concept(
        "inference.kv_cache",
        "server",
        "1",
        "share of the key-value cache in use",
        (
            Alias("vllm:kv_cache_usage_perc"),
            Alias("vllm:gpu_cache_usage_perc"),
            Alias("sglang:token_usage"),
            Alias("nv_trt_llm_kv_cache_block_metrics", labels=(("kv_cache_block_type", "fraction"),)),
        ),
    ),
    Concept(
        "inference.preemptions",
        "server",
        "{request}",
        "requests that were put back because the cache was full",
        (
            counted("vllm:num_preemptions_total"),
            counted("vllm:num_preemptions"),
            counted("sglang:num_retracted_reqs"),
        ),
    ),
    Concept(
        "inference.prefix_cache.hits",
        "server",
        "{token}",
        "prompt tokens found in the cache",
        (
            counted("vllm:prefix_cache_hits_total"),
            counted("vllm:prefix_cache_hits"),
            counted("vllm:gpu_prefix_cache_hits_total"),
            counted("vllm:gpu_prefix_cache_hits"),
        ),
    ),
    Concept(
        "inference.prefix_cache.queries",
        "server",
        "{token}",
        "prompt tokens looked up in the cache",
        (
            counted("vllm:prefix_cache_queries_total"),
            counted("vllm:prefix_cache_queries"),
            counted("vllm:gpu_prefix_cache_queries_total"),
            counted("vllm:gpu_prefix_cache_queries"),
        ),
    ),
    Concept(
        "inference.tokens.prompt",
        "server",
        "{token}",
        "prompt tokens read",
        (
            counted("vllm:prompt_tokens_total"),
            counted("sglang:prompt_tokens_total"),
            counted("tgi_request_input_length_sum"),
        ),
    ),
    Concept(
        "inference.tokens.generated",
        "server",
        "{token}",
        "tokens generated",
        (
            counted("vllm:generation_tokens_total"),
            counted("sglang:generation_tokens_total"),
            counted("tgi_request_generated_tokens_sum"),
        ),
    ),
    Concept(
        "inference.requests",
        "server",
        "{request}",
        "requests answered",
        (
            counted("vllm:request_success_total"),
            counted("sglang:num_requests_total"),
            counted("tgi_request_success"),
            counted("nv_inference_request_success"),
        ),
    ),
    Concept(
        "inference.failures",
        "server",
        "{request}",
        "requests that failed",
        (counted("tgi_request_failure"), counted("nv_inference_request_failure")),
    ),
    Concept(
        "inference.latency",
        "server",
        "s",
        "time of a whole request",
        (
            spread("vllm:e2e_request_latency_seconds"),
            spread("sglang:e2e_request_latency_seconds"),
            spread("tgi_request_duration"),
            spread("gen_ai.server.request.duration"),
            spread("gen_ai.client.operation.duration"),
        ),
    ),
    Concept(
        "inference.first_token",
        "server",
        "s",
        "time to the first token",
        (
            spread("vllm:time_to_first_token_seconds"),
            spread("sglang:time_to_first_token_seconds"),
            spread("gen_ai.server.time_to_first_token"),
            spread("gen_ai.client.time_to_first_chunk", basis="first chunk, at the client"),
            spread("nv_inference_first_response_histogram_ms", 1e-3, basis="first response chunk"),
        ),
    ),
    Concept(
        "inference.inter_token",
        "server",
        "s",
        "time between two tokens",
        (
            spread("vllm:inter_token_latency_seconds"),
            spread("vllm:time_per_output_token_seconds"),
            spread("sglang:inter_token_latency_seconds"),
            spread("gen_ai.server.time_per_output_token"),
            spread("gen_ai.client.time_per_output_chunk", basis="between chunks, at the client"),
            spread("tgi_request_mean_time_per_token_duration", basis="mean of a request, with its prefill"),
        ),
    ),
    Concept(
        "inference.queue_time",
        "server",
        "s",
        "time in the queue",
        (
            spread("vllm:request_queue_time_seconds"),
            spread("sglang:queue_time_seconds"),
            spread("tgi_request_queue_duration"),
        ),
    ),
)
