/** A finding in words: what is the case and, where something can be done, what. `{name}` stands for a parameter. */
export interface Message {
  readonly text: Words;
  readonly remedy?: Words;
}
interface Words {
  readonly en: string;
  readonly zh: string;
}

/** Every finding in both languages. */
export const MESSAGES = {
  node_ok: { text: { en: "Node {version}", zh: "Node {version}" } },
  node_too_old: {
    text: { en: "Node {version} is not supported", zh: "不支持 Node {version}" },
    remedy: {
      en: "Install Node 20.20, 22.12 or 24 (or newer of these).",
      zh: "请安装 Node 20.20、22.12 或 24（或其更新版本）。",
    },
  },
  part_up: { text: { en: "{part} answers at {url}", zh: "{part} 正常响应：{url}" } },
  part_down: {
    text: { en: "{part} does not answer at {url}", zh: "{part} 无响应：{url}" },
    remedy: {
      en: "Start it: npm start (or nexent-monitor up), or ./docker/start-monitoring.sh for the Docker stack.",
      zh: "请启动：npm start（或 nexent-monitor up）；使用 Docker 时运行 ./docker/start-monitoring.sh。",
    },
  },
  part_unwell: {
    text: { en: "{part} at {url} answers HTTP {status}", zh: "{part}（{url}）返回 HTTP {status}" },
    remedy: { en: "Look into its log: {log}.", zh: "请查看其日志：{log}。" },
  },
  port_foreign: {
    text: {
      en: "port {port} ({part}) is held by another program: {owner}",
      zh: "端口 {port}（{part}）被其他程序占用：{owner}",
    },
    remedy: {
      en: "Stop that program, or move the port with {variable}.",
      zh: "请停止该程序，或用 {variable} 换一个端口。",
    },
  },
  package_ok: { text: { en: "{name} {version} is installed", zh: "已安装 {name} {version}" } },
  packages_missing: {
    text: {
      en: "telemetry is on, but {names} cannot be found from {folder}: the SDK is a silent no-op",
      zh: "已启用遥测，但在 {folder} 中找不到 {names}：SDK 处于静默状态，不做任何事",
    },
    remedy: { en: "npm install @nexent/performance", zh: "npm install @nexent/performance" },
  },
  packages_not_needed: {
    text: {
      en: "{names} cannot be found from {folder}; needed only where an application sends traces",
      zh: "在 {folder} 中找不到 {names}；仅当应用需要发送追踪时才需要",
    },
    remedy: {
      en: "In the application: npm install @nexent/performance",
      zh: "在应用中运行：npm install @nexent/performance",
    },
  },
  package_untested: {
    text: {
      en: "{name} {version} is older than what is tested ({wanted})",
      zh: "{name} {version} 低于经过测试的版本（{wanted}）",
    },
    remedy: { en: "npm install {name}@latest", zh: "npm install {name}@latest" },
  },
  telemetry_on: { text: { en: "ENABLE_TELEMETRY is on in this shell", zh: "当前终端已启用 ENABLE_TELEMETRY" } },
  telemetry_off: {
    text: {
      en: "ENABLE_TELEMETRY is not set in this shell: an SDK started from it does nothing",
      zh: "当前终端未设置 ENABLE_TELEMETRY：从这里启动的应用，其 SDK 不做任何事",
    },
    remedy: { en: "export ENABLE_TELEMETRY=true", zh: "export ENABLE_TELEMETRY=true" },
  },
  telemetry_disabled_by_otel: {
    text: {
      en: "OTEL_SDK_DISABLED=true wins over ENABLE_TELEMETRY",
      zh: "OTEL_SDK_DISABLED=true 优先于 ENABLE_TELEMETRY",
    },
    remedy: { en: "unset OTEL_SDK_DISABLED", zh: "unset OTEL_SDK_DISABLED" },
  },
  variable_unknown: {
    text: { en: "{name} is no variable of this product", zh: "{name} 不是本产品的变量" },
    remedy: { en: "Did you mean {nearest}?", zh: "是否想写 {nearest}？" },
  },
  variable_bad: {
    text: { en: "{name} has a value that cannot be used: {problem}", zh: "{name} 的值无法使用：{problem}" },
    remedy: { en: "Correct or unset it.", zh: "请改正或取消该变量。" },
  },
  destinations_both: {
    text: {
      en: "JAEGER_ENDPOINT and an OTLP endpoint are both set: traces go to JAEGER_ENDPOINT only",
      zh: "同时设置了 JAEGER_ENDPOINT 和 OTLP 端点：追踪只会发往 JAEGER_ENDPOINT",
    },
    remedy: { en: "Unset the one that is not meant.", zh: "请取消不需要的那一个。" },
  },
  destination_up: { text: { en: "traces go to {url}, which answers", zh: "追踪发往 {url}，该地址可达" } },
  destination_down: {
    text: { en: "traces go to {url}, where nobody listens", zh: "追踪发往 {url}，但该地址无人监听" },
    remedy: {
      en: "Start the back end there, or set JAEGER_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT to where it is.",
      zh: "请在该地址启动后端，或将 JAEGER_ENDPOINT / OTEL_EXPORTER_OTLP_ENDPOINT 指向正确地址。",
    },
  },
  service_named: {
    text: { en: "calls of this shell will be shown as service {name}", zh: "从当前终端发出的调用将显示为服务 {name}" },
  },
  service_unnamed: {
    text: {
      en: "SERVICE_NAME is not set: services are named after their package, or {name}",
      zh: "未设置 SERVICE_NAME：服务将使用其包名，或 {name}",
    },
    remedy: { en: "export SERVICE_NAME=my-service", zh: "export SERVICE_NAME=my-service" },
  },
  service_unknown: {
    text: {
      en: "{count} stored service names begin with unknown_service: {names}",
      zh: "有 {count} 个已存储的服务名以 unknown_service 开头：{names}",
    },
    remedy: {
      en: "Set OTEL_SERVICE_NAME (or service.name in OTEL_RESOURCE_ATTRIBUTES) where these applications start.",
      zh: "请在启动这些应用的地方设置 OTEL_SERVICE_NAME（或 OTEL_RESOURCE_ATTRIBUTES 中的 service.name）。",
    },
  },
  clock_ok: { text: { en: "clocks agree within {seconds} s", zh: "时钟一致（相差不超过 {seconds} 秒）" } },
  clock_off: {
    text: { en: "the clock of {part} is {seconds} s away from this one", zh: "{part} 的时钟与本机相差 {seconds} 秒" },
    remedy: { en: "Synchronise both clocks (NTP).", zh: "请用 NTP 同步两边的时钟。" },
  },
  storage_ok: {
    text: { en: "the data folder {folder} can be written, {free} free", zh: "数据目录 {folder} 可写，剩余 {free}" },
  },
  storage_unwritable: {
    text: { en: "the data folder {folder} cannot be written: {problem}", zh: "数据目录 {folder} 不可写：{problem}" },
    remedy: {
      en: "Give this user the right to write there, or set LLM_MONITOR_DATA_DIR.",
      zh: "请授予当前用户写权限，或设置 LLM_MONITOR_DATA_DIR。",
    },
  },
  storage_full: {
    text: {
      en: "{free} free where the data folder {folder} is: nothing is taken below {reserve}",
      zh: "数据目录 {folder} 所在磁盘剩余 {free}：低于 {reserve} 时不再接收数据",
    },
    remedy: {
      en: "Free space, or remove old data: nexent-monitor data purge.",
      zh: "请释放空间，或清理旧数据：nexent-monitor data purge。",
    },
  },
  storage_damaged: {
    text: {
      en: "{frames} damaged journal frames, {files} files set aside",
      zh: "{frames} 个损坏的日志帧，{files} 个文件已隔离",
    },
    remedy: {
      en: "Check the disk; run nexent-monitor data verify to see what can be read.",
      zh: "请检查磁盘；运行 nexent-monitor data verify 查看可读取的内容。",
    },
  },
  index_behind: {
    text: { en: "new spans can be found only after {seconds} s", zh: "新的 span 要在 {seconds} 秒后才能查到" },
    remedy: {
      en: "The machine is busy or the disk slow; reduce the load or sample.",
      zh: "机器繁忙或磁盘较慢；请降低负载或采样。",
    },
  },
  memory_short: {
    text: {
      en: "{count} requests of senders were refused because the server was short of memory; it uses {used} of {budget}",
      zh: "因服务器内存不足，已拒收 {count} 个请求；当前使用 {used}，预算 {budget}",
    },
    remedy: {
      en: "Give it more memory, set LLM_MONITOR_MEMORY_BUDGET_MIB, or reduce the load; senders try again.",
      zh: "请增加内存、设置 LLM_MONITOR_MEMORY_BUDGET_MIB，或降低负载；发送方会重试。",
    },
  },
  probe_answered: {
    text: { en: "one call through the gateway was answered in {ms} ms", zh: "经网关的一次调用在 {ms} 毫秒内得到应答" },
  },
  probe_refused: {
    text: { en: "one call through the gateway failed: {problem}", zh: "经网关的一次调用失败：{problem}" },
    remedy: { en: "Look into the log of the gateway: {log}.", zh: "请查看网关日志：{log}。" },
  },
  probe_no_model: {
    text: { en: "the gateway has no built-in model, so no call was sent", zh: "网关没有内置模型，因此未发送调用" },
    remedy: {
      en: "Start all parts with nexent-monitor up to have one.",
      zh: "用 nexent-monitor up 启动全部组件即可获得内置模型。",
    },
  },
  probe_metric: { text: { en: "it is counted at {url}", zh: "已计入 {url}" } },
  probe_no_metric: {
    text: { en: "it is not counted at {url}", zh: "未计入 {url}" },
    remedy: {
      en: "Telemetry is off in the gateway: start it with ENABLE_TELEMETRY=true.",
      zh: "网关未启用遥测：请以 ENABLE_TELEMETRY=true 启动。",
    },
  },
  probe_trace: { text: { en: "its trace was found at {url} after {ms} ms", zh: "{ms} 毫秒后在 {url} 找到其追踪" } },
  probe_no_trace: {
    text: { en: "its trace did not arrive at {url} within {seconds} s", zh: "{seconds} 秒内未在 {url} 找到其追踪" },
    remedy: {
      en: "Check where the gateway sends traces (JAEGER_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER) and TELEMETRY_SAMPLE_RATE.",
      zh: "请检查网关发送追踪的目标（JAEGER_ENDPOINT、OTEL_EXPORTER_OTLP_ENDPOINT、OTEL_TRACES_EXPORTER）以及 TELEMETRY_SAMPLE_RATE。",
    },
  },
  prometheus_scrapes: {
    text: { en: "Prometheus at {url} scrapes the gateway", zh: "Prometheus（{url}）正在抓取网关" },
  },
  prometheus_no_target: {
    text: {
      en: "Prometheus at {url} has no target that is up with these metrics",
      zh: "Prometheus（{url}）没有提供这些指标的正常目标",
    },
    remedy: {
      en: "Open {url}/targets: the gateway must be listed and up (docker/prometheus/prometheus.yml).",
      zh: "打开 {url}/targets：网关必须在列且状态为 up（docker/prometheus/prometheus.yml）。",
    },
  },
} as const satisfies Readonly<Record<string, Message>>;
