// Reads a calendar from standard input with the library named and prints one line of JSON for each event.
import { readFileSync } from "node:fs";

const readers = {
  "ical.js": async (text) => {
    const { default: ICAL } = await import("ical.js");
    const calendar = new ICAL.Component(ICAL.parse(text));
    return calendar.getAllSubcomponents("vevent").map((component) => {
      const event = new ICAL.Event(component);
      return {
        uid: event.uid,
        start: event.startDate.toUnixTime(),
        end: event.endDate.toUnixTime(),
        title: event.summary,
        status: component.getFirstPropertyValue("status"),
      };
    });
  },
  "node-ical": async (text) => {
    const { default: ical } = await import("node-ical");
    const events = Object.values(ical.sync.parseICS(text)).filter((part) => part.type === "VEVENT");
    return events.map((event) => ({
      uid: event.uid,
      start: event.start.getTime() / 1000,
      end: event.end.getTime() / 1000,
      title: event.summary,
      status: event.status,
    }));
  },
};

for (const event of await readers[process.argv[2]](readFileSync(0, "utf8"))) {
  console.log(JSON.stringify(event));
}
