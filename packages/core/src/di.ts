import "reflect-metadata";

export { inject, injectable, singleton } from "tsyringe";
