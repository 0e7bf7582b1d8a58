using System.Globalization;
using System.Threading.Channels;

namespace Totem.Tests.Corosync;

/// <summary>
/// One member of ours and its client of a group, which speaks as <c>Native/cpg_load.c</c> does. Its lines <c>t</c> are
/// configurations of the ring that it installs, and <c>y</c> those in which the groups have synchronised; <c>a</c> says
/// once that messages have followed the token.
/// </summary>
internal static class GroupNodeProgram
{
    /// <param name="arguments">The configuration file, the node id, the folder of the ring sequence, the accelerated
    /// window, and a load's shape.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var lines = Channel.CreateUnbounded<string>();
        var writing = WriteAsync(lines.Reader);
        var id = new ProcessorId(uint.Parse(arguments[1], CultureInfo.InvariantCulture));
        var options = TotemNodeOptions.FromCorosyncConf(arguments[0], id, arguments[2]);
        options = options with
        {
            Ring = options.Ring with { AcceleratedWindowBesideDaemons =
                int.Parse(arguments[3], CultureInfo.InvariantCulture) },
            OnDelivery = (in delivery) =>
            {
                if (delivery.Change is { Configuration.Kind: ConfigurationKind.Regular } change)
                    lines.Writer.TryWrite(RingLine('t', change.Configuration));
            },
        };
        var node = await TotemNode.StartAsync(options);
        await using (node)
        {
            Watch(node, lines.Writer);
            using var client = new GroupNodeClient(node, LoadShape.Parse(arguments.AsSpan(4)), lines.Writer);
            while (await Console.In.ReadLineAsync() is { } line && line != "quit")
                await client.ObeyAsync(line);
            await client.StopAsync();
        }

        lines.Writer.Complete();
        await writing;
        return 0;
    }

    private static string RingLine(char kind, Configuration configuration)
        => $"{kind} {configuration.Ring} {string.Join(',', configuration.Members)}";

    /// <summary>Tells on the ring's own thread when groups have synchronised, and when the first
    /// frame has followed a token.</summary>
    private static void Watch(TotemNode node, ChannelWriter<string> lines)
    {
        Configuration? last = null;
        var isAhead = false;
        node.OnSynchronized = now =>
        {
            if (now.Ring != last?.Ring)
                lines.TryWrite(RingLine('y', last = now));
        };
        node.Host.CycleHook = () =>
        {
            // The first synchronisation may have been before somebody listened.
            if (last is null && node.Synchronized is { } first)
                node.OnSynchronized(first);
            if (!isAhead && node.Statistics.FramesAfterToken > 0)
                isAhead = lines.TryWrite("a");
        };
    }

    // A line a write while there is little to say, many when there is much.
    private static async Task WriteAsync(ChannelReader<string> lines)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        while (await lines.WaitToReadAsync())
        {
            while (lines.TryRead(out var line))
                await output.WriteLineAsync(line);
            await output.FlushAsync();
        }
    }
}
