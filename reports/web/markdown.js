// A finding as Markdown, for a ticket.

const mdText = (text) => text.replace(/[\\`*_{}[\]<>#|~&@!]/g, "\\$&");
const mdCode = (text) => "`" + text.replace(/`/g, "'").replace(/\|/g, "\\|") + "`";

function markdownOf(finding) {
  const lines = [`### ${finding.rule} (${finding.severity})`, "", mdText(finding.summary), ""];
  if (finding.ring) {
    const ring = finding.edges.slice(0, finding.ring), taken = ring.some((edge) => edge.taken !== undefined);
    lines.push(`| holder | through | held | declared |${taken ? " taken by |" : ""}`, `|---|---|---|---|${taken ? "---|" : ""}`);
    for (const edge of ring)
      lines.push(`| ${mdCode(nodeTitle(finding.nodes[edge.a]))} | ${mdCode(cut(edge.via, 300))}${edge.weaken ? " **mend here**" : ""} | ${mdCode(nodeTitle(finding.nodes[edge.b]))} | ${edge.at ? mdCode(baseName(edge.at)) : ""} |${taken ? ` ${edge.taken !== undefined ? mdCode(takerText(edge)) : ""} |` : ""}`);
    lines.push("");
  } else if (finding.path.length) {
    lines.push("| holder | through | held | declared |", "|---|---|---|---|");
    finding.path.forEach((edge, i) => lines.push(`| ${i ? (edge.left_out ? `… ${countText(edge.left_out)} more ` : "") + mdCode(shortName(edge.from)) : `root ${mdCode(cut(edge.from, 300))}`} | ${edge.via ? mdCode(cut(edge.via, 300)) : ""}${edge.last_hold ? " **still held here**" : ""} | ${mdCode(shortName(edge.to))} | ${edge.at ? mdCode(baseName(edge.at)) : ""} |`));
    lines.push("");
  }
  if (finding.advice) lines.push(`**${finding.advice.safe ? "Fix" : "Maybe"}: ${mdText(finding.advice.action)}**: ${mdText(finding.advice.reason)}.`, "");
  if (finding.born !== null) lines.push(`Born in ${mdCode(frameText(page.stacks[finding.born][0]))}.`, "");
  for (const sentence of finding.evidence) lines.push(`- ${mdText(sentence)}`);
  lines.push(`- fingerprint ${mdCode(finding.fingerprint)}`);
  return lines.join("\n") + "\n";
}

// The clipboard's interface needs a secure context, which a file is not in every browser.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "off-screen" });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
