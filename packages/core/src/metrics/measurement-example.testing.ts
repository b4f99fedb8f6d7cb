/** The example of measurement contract 4.4, as it stands there. */
export const MEASUREMENT_EXAMPLE = `# HELP llm_token_generation_rate Decode rate of one request in tokens per second, time to first token excluded.
# TYPE llm_token_generation_rate histogram
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="1.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="2.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="5.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="10.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="15.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="20.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="25.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="30.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="40.0"} 0
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="50.0"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 50.0 1795486542.308
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="60.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="75.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="100.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="125.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="150.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="200.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="300.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="500.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="1000.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="2000.0"} 1
llm_token_generation_rate_bucket{model="gpt-4o",operation="chat",provider="openai",estimated="false",le="+Inf"} 1
llm_token_generation_rate_sum{model="gpt-4o",operation="chat",provider="openai",estimated="false"} 50
llm_token_generation_rate_count{model="gpt-4o",operation="chat",provider="openai",estimated="false"} 1
# HELP llm_time_to_first_token_seconds Request sent to first generated delta of any kind.
# TYPE llm_time_to_first_token_seconds histogram
# UNIT llm_time_to_first_token_seconds seconds
llm_time_to_first_token_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",le="0.3"} 0
llm_time_to_first_token_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",le="0.5"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 0.5 1795486541.928
llm_time_to_first_token_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",le="+Inf"} 1
llm_time_to_first_token_seconds_sum{model="gpt-4o",operation="chat",provider="openai"} 0.5
llm_time_to_first_token_seconds_count{model="gpt-4o",operation="chat",provider="openai"} 1
# HELP llm_request_duration_seconds Request sent to end of response.
# TYPE llm_request_duration_seconds histogram
# UNIT llm_request_duration_seconds seconds
llm_request_duration_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok",le="2.0"} 1
llm_request_duration_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok",le="+Inf"} 1
llm_request_duration_seconds_sum{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok"} 1.18
llm_request_duration_seconds_count{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok"} 1
llm_request_duration_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="error",le="10.0"} 0
llm_request_duration_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="error",le="30.0"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 30.0 1795486580.000
llm_request_duration_seconds_bucket{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="error",le="+Inf"} 1
llm_request_duration_seconds_sum{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="error"} 30
llm_request_duration_seconds_count{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="error"} 1
# HELP llm_total_tokens Input and output tokens.
# TYPE llm_total_tokens counter
llm_total_tokens_total{model="gpt-4o",operation="chat",provider="openai",type="input",estimated="false"} 7
llm_total_tokens_total{model="gpt-4o",operation="chat",provider="openai",type="output",estimated="false"} 20
# HELP llm_error_count Failed LLM requests.
# TYPE llm_error_count counter
llm_error_count_total{model="gpt-4o",operation="chat",provider="openai",error_type="timeout"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 1.0 1795486580.000
# HELP target Resource of this process.
# TYPE target info
target_info{service_name="nexent-backend",service_version="1.0.0"} 1
# EOF
`;
