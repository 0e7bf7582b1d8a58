using System.Text;
using System.Text.Json;
using Totem.Cli.Output;

namespace Totem.Cli.Nodes;

/// <summary>Prints what a node has to tell, for people or for programs. One writer at a time (locked).</summary>
internal sealed class NodeOutput(TextWriter output, bool isJson)
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Lock _lock = new();

    /// <summary>Prints one event.</summary>
    public void Write(NodeEvent nodeEvent)
    {
        var line = isJson ? JsonSerializer.Serialize(nodeEvent, NodeEventJson.Default.NodeEvent)
            : $"{ClockTime.Of(nodeEvent.At)} {ForPeople(nodeEvent)}";
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    /// <summary>A message's bytes as text when they are UTF-8, else as Base64.</summary>
    public static (string? Text, string? Base64) Readable(ReadOnlySpan<byte> payload)
    {
        try
        {
            return (StrictUtf8.GetString(payload), null);
        }
        catch (DecoderFallbackException)
        {
            return (null, Convert.ToBase64String(payload));
        }
    }

    private static string ForPeople(NodeEvent nodeEvent) => nodeEvent switch
    {
        NodeStarted x =>
            $"* node {x.Node} runs and looks for others; type lines to multicast them, Ctrl-D or Ctrl-C leaves",
        ConfigurationInstalled { IsRegular: true } x => $"* ring {x.Ring} {Set(x.Members)}{Changes(x)} ({x.Cause})",
        ConfigurationInstalled x => $"* transitional {x.PreviousRing} -> {x.Ring} {Set(x.Members)}",
        MessageDelivered x =>
            $"{x.Sender}{(x.Guarantee == "safe" ? "!" : ":")} {x.Text ?? $"({x.Base64!.Length * 3 / 4} bytes)"}",
        GroupChanged { Kind: "transitional" } x => $"* group {x.Group}: only {Set(x.Members)} come along",
        GroupChanged x => $"* group {x.Group} {Set(x.Members)}"
            + string.Concat(x.Left.Select(y => $" -{y} ({y.Reason})"))
            + string.Concat(x.Joined.Select(y => $" +{y} ({y.Reason})")),
        GroupMessageDelivered x =>
            $"{x.Sender}/{x.Pid}{(x.Guarantee == "safe" ? "!" : ":")} "
                + $"{x.Text ?? $"({x.Base64!.Length * 3 / 4} bytes)"}",
        GroupListed x => $"{x.Group} {Set(x.Members)}",
        NodeLeft => "* left",
        _ => nodeEvent.ToString(),
    };

    private static string Changes(ConfigurationInstalled x)
        => string.Concat(x.Joined.Select(id => $" +{id}")) + string.Concat(x.Left.Select(id => $" -{id}"));

    private static string Set<T>(T[] members) => $"{{{string.Join(", ", members)}}}";
}
