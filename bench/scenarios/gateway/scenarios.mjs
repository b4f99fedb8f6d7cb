// Loads of the gateway benchmark (gateway contract 13). The model name is the schedule: mode-first_us-gap_us-tokens.
export const SCENARIOS = [
  { name: "t1", title: "1 stream, back to back, 2 tokens", connections: 1, model: "paced-0-1000-2" },
  { name: "c50", title: "50 streams x 50 tokens/s", connections: 50, model: "paced-300000-20000-100" },
  { name: "c500", title: "500 streams x 20 tokens/s", connections: 500, model: "paced-300000-50000-50" },
  { name: "c2000", title: "2,000 streams x 5 tokens/s", connections: 2000, model: "paced-300000-200000-20" },
  { name: "flood", title: "50 streams at full speed", connections: 50, model: "flood-0-0-1000" },
  { name: "inst", title: "50 clients, 100-token answers in one write", connections: 50, model: "instant-0-0-100" },
];
