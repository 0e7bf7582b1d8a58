using System.Globalization;
using System.Threading.Channels;
using Totem.Core.Evs;
using Totem.Core.Model;
using Totem.Transport.Udp;

namespace Totem.Tests.Corosync;

/// <summary>
/// One member of ours and its client of a group, which speaks as <c>Native/cpg_load.c</c> does. Its lines <c>t</c> are configurations of the ring that it installs, and <c>y</c> those in
/// which the groups have synchronised; <c>a</c> says once that messages have followed the token.
/// </summary>
internal static class GroupNodeProgram
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    /// <param name="arguments">The configuration file, the node id, the folder of the ring sequence, the accelerated window, and a
    /// load's shape.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var lines = Channel.CreateUnbounded<string>();
        var writing = WriteAsync(lines.Reader);
        var id = new ProcessorId(uint.Parse(arguments[1], CultureInfo.InvariantCulture));
        var options = TotemNodeOptions.FromCorosyncConf(arguments[0], id, arguments[2]);
        options = options with
        {
            Ring = options.Ring with { AcceleratedWindowBesideDaemons = int.Parse(arguments[3], CultureInfo.InvariantCulture) },
            OnDelivery = (in delivery) =>
            {
                if (delivery.Change is { Configuration.Kind: ConfigurationKind.Regular } change)
                    lines.Writer.TryWrite(RingLine('t', change.Configuration));
            },
        };
        var node = await TotemNode.StartAsync(options);
        await using (node)
        {
            using var ended = new CancellationTokenSource();
            var looking = LookAsync(node, lines.Writer, ended.Token);
            using var client = new GroupNodeClient(node, LoadShape.Parse(arguments.AsSpan(4)), lines.Writer);
            while (await Console.In.ReadLineAsync() is { } line && line != "quit")
                await client.ObeyAsync(line);
            await client.StopAsync();
            await ended.CancelAsync();
            await looking;
        }

        lines.Writer.Complete();
        await writing;
        return 0;
    }

    private static string RingLine(char kind, Configuration configuration)
        => $"{kind} {configuration.Ring} {string.Join(',', configuration.Members)}";

    // That groups have synchronised is a state of the node, not an event of its stream.
    private static async Task LookAsync(TotemNode node, ChannelWriter<string> lines, CancellationToken cancellationToken)
    {
        Configuration? last = null;
        var isAhead = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            if (node.IsSynchronised && node.Synchronised is { } now && now.Ring != last?.Ring)
                lines.TryWrite(RingLine('y', last = now));
            if (!isAhead && node.Statistics.FramesAfterToken > 0)
                isAhead = lines.TryWrite("a");
            await Task.Delay(LookInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
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
