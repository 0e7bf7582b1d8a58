using System.Text.Json;
using System.Text.RegularExpressions;
using Totem.Tests.Requirements;
using Totem.Tests.Tidy;
using Capture = Totem.Tests.Captures.Capture;

namespace Totem.Tests.Wireshark;

/// <summary>The dissector in the personal plugin folder, as docs/how-to/wireshark/README.md installs it.</summary>
public sealed partial class DissectorInstallationTests
{
    private static readonly string[] NoFields = ["totem.lua", "totem.ports"];

    [PackageFact("tshark")]
    public async Task The_README_names_every_field_and_no_other()
    {
        var fields = (await WiresharkProgram.RunAsync("tshark", ["-G", "fields"], isInstalled: true)).Split('\n')
            .Select(x => x.Split('\t'))
            .Where(x => x is ["F", _, var name, ..] && name.StartsWith("totem.", StringComparison.Ordinal))
            .Select(x => x[2]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var named = FieldName().Matches(Repository.Read("docs/how-to/wireshark/README.md"))
            .Select(x => x.Groups["name"].Value).Except(NoFields, StringComparer.Ordinal).Order(StringComparer.Ordinal);

        Assert.Equal(fields, named, StringComparer.Ordinal);
    }

    // sharkd is Wireshark without its windows: it reads a capture once and then dissects the frames
    // that it is asked for.
    [PackageFact("tshark", "sharkd")]
    public async Task Frames_show_the_same_when_they_are_looked_at_in_any_order()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Captures", "udpu-i-recovery-fragmented.pcap");
        var numbers = Capture.Named("udpu-i-recovery-fragmented").File.Datagrams.Select(x => x.FrameNumber)
            .Reverse().ToList();
        var requests = numbers.Select(x => Request(x, "frame", new { frame = x, proto = true }))
            .Prepend(Request(1, "load", new { file = path }));
        var answers =
            (await WiresharkProgram.RunAsync("sharkd", ["-"], isInstalled: true, string.Join('\n', requests) + "\n"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Summary).ToList();
        var inOrder = await Tshark.DissectAsync(path, [], "-2");

        Assert.Equal(
            numbers.Select(x => $"Totem single-ring protocol, {inOrder[x - 1].Info}"), answers, StringComparer.Ordinal);
        Assert.Contains(
            answers, x => x.Contains("beginning (1400 bytes) of cpg mcast wfgrp", StringComparison.Ordinal));
    }

    private static string Request(int id, string method, object parameters) =>
        JsonSerializer.Serialize(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters,
        });

    /// <summary>The heading of our part of the tree.</summary>
    private static string Summary(string answer)
    {
        using var json = JsonDocument.Parse(answer);
        return !json.RootElement.TryGetProperty("result", out var result) ? answer
            : result.GetProperty("tree").EnumerateArray()
            .Select(x => x.GetProperty("l").GetString()!)
            .SingleOrDefault(x => x.StartsWith("Totem ", StringComparison.Ordinal)) ?? answer;
    }

    [GeneratedRegex(@"`(?<name>totem\.[a-z_.]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FieldName();
}
