#!/usr/bin/env node
import { runProcess } from "@micro/create";

await runProcess();
