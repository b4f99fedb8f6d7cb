import { bytesText } from "../data/data-command.ts";
import type { Bundle } from "./bundle.ts";
import type { Language } from "./finding.ts";

/** Says what a written bundle holds, so that its owner knows before sending it. */
export function bundleSummary(
  { configuration, programs, files, logs }: Bundle,
  { path, bytes, language }: { readonly path: string; readonly bytes: number; readonly language: Language },
): readonly string[] {
  const set = configuration.filter(({ isSet }) => isSet).length;
  const asked = (["server", "gateway"] as const).filter((name) => programs[name] !== null).join(", ") || "–";
  const lines = `${logs.server.length} + ${logs.gateway.length}`;
  return language === "zh"
    ? [
        "",
        `诊断包：${path}（${bytesText(bytes)}，JSON），其中包括：`,
        "  以上各项检查结果、版本、操作系统与硬件",
        `  ${configuration.length} 个变量的名称（已设置 ${set} 个）；只有不可能是密钥的值才会写出`,
        `  正在运行的程序的就绪状态和自身指标：${asked}`,
        `  数据目录中 ${files.total} 个文件的名称和大小，不含内容`,
        `  server 和 gateway 日志的最后几行：${lines}`,
        "不含令牌、密钥、密码、提示词和回答。发送之前请先看一遍。",
      ]
    : [
        "",
        `Bundle: ${path} (${bytesText(bytes)}, JSON). It holds:`,
        "  the findings above, versions, system and hardware",
        `  the names of ${configuration.length} variables (${set} set); values only where they cannot be secrets`,
        `  readiness and self-metrics of the running programs: ${asked}`,
        `  names and sizes of ${files.total} files of the data folder, not what is in them`,
        `  the last log lines of server and gateway: ${lines}`,
        "No tokens, keys, passwords, prompts or answers. Look through it before you send it.",
      ];
}
