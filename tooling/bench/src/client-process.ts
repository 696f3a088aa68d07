import { answerParent, ownUsage } from "./control.ts";
import { Driver } from "./driver.ts";
import { loadPeer } from "./peers/index.ts";
import { workloads } from "./workloads.ts";

let driver: Driver | undefined;

answerParent(async (request) => {
  switch (request.do) {
    case "connect": {
      const workload = workloads.find(({ name }) => name === request.workload);
      if (workload === undefined) throw new Error(`there is no workload ${request.workload}`);
      const peer = await loadPeer(process.argv[2] ?? "");
      const client = await peer.connect(request.address);
      driver = new Driver(client, workload);
      return { streams: client.openStream !== undefined };
    }
    case "run": {
      if (driver === undefined) throw new Error("run came before connect");
      const before = ownUsage().cpuUs;
      const slice = await driver.run(request);
      return { ...slice, usedCpuUs: ownUsage().cpuUs - before };
    }
    case "usage":
      return ownUsage();
    case "close":
      await driver?.close();
      return null;
    default:
      throw new Error(`a client process cannot ${request.do}`);
  }
});
