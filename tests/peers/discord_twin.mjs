// Runs discord-digital-twin for our tests: one line of JSON in, one out. Ends when its input ends.
//
// The twin was made for discord.js. Two answers that discord.py reads and discord.js does not are added here: the
// application at login, and the body of an interaction's answer (`with_response`). Nothing else is touched.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const root = createRequire(process.argv[2] + "/package.json");
const { DigitalDiscord } = await import(pathToFileURL(root.resolve("discord-digital-twin")).href);
const twin = new DigitalDiscord({
  channels: [{ name: "general", type: 0 }, { name: "beside", type: 0 }],
  users: [{ username: "robin" }],
});
await twin.start();

const http = twin.server.httpServer;
const passOn = http.listeners("request")[0];
http.removeAllListeners("request");
http.on("request", async (request, response) => {
  const callback = request.url.match(/^\/api\/v10\/interactions\/(\d+)\/[^/]+\/callback\?with_response=1$/);
  if (request.url === "/api/v10/oauth2/applications/@me") {
    const found = await (await fetch(`${twin.restUrl}/v10/applications/@me`)).json();
    return answer(response, 200, { ...found, owner: { id: "1", username: "owner", discriminator: "0", avatar: null } });
  }
  if (!callback) return passOn(request, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const url = `${twin.restUrl}/v10${request.url.slice("/api/v10".length).split("?")[0]}`;
  const done = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
  if (done.status !== 204) return answer(response, done.status, await done.json());
  answer(response, 200, { interaction: { id: callback[1], type: 2 }, resource: { type: JSON.parse(body).type } });
});

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const user = await twin.getFirstNonBotUserId();
const channels = (await twin.prisma.channel.findMany()).map((channel) => channel.id);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
say({ api: `${twin.restUrl}/v10`, token: twin.botToken, bot: twin.botUserId, user, channels });

const acts = {
  write: ({ channel, text }) => twin.simulateUserMessage({ channelId: channel, userId: user, content: text }),
  edit: ({ channel, message, text }) =>
    twin.simulateUserMessageEdit({ channelId: channel, messageId: message, content: text }),
  remove: ({ channel, message }) => twin.simulateUserMessageDelete({ channelId: channel, messageId: message }),
  slash: ({ channel, name }) => twin.channel(channel).user(user).runSlashCommand({ name }),
  shown: ({ channel }) => twin.channel(channel).getMessages(),
  typed: ({ channel }) => twin.getTypingEvents({ channelId: channel }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  say(JSON.parse(JSON.stringify((await acts[asked.act](asked)) ?? null)));
}
process.exit(0); // its own stop() waits for connections that clients keep open; all it has is in memory
