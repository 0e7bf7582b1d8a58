using System.Text;
using System.Threading.Channels;
using Totem.Core;

namespace Totem.Cli.Nodes;

/// <summary>A process in a group at a terminal: lines go out, events come in and are printed.</summary>
internal sealed class GroupSession(
    TotemGroup group, NodeOutput output, TextWriter error, Guarantee guarantee, bool isSendOnly = false)
{
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs until a signal, or until the input has ended; then leaves, behind what it said.</summary>
    public async Task RunAsync(ChannelReader<string> lines, CancellationToken stop)
    {
        // A process that only sends has nothing to print; the end is known all the same.
        var printing = isSendOnly ? group.Completion : PrintAsync();
        var sending = SendAsync(lines, stop);
        // The stream ends by itself only when the node has stopped itself.
        await Task.WhenAny(sending, printing).ConfigureAwait(false);
        if (!printing.IsCompleted)
            await LeaveAsync(printing).ConfigureAwait(false);
        else
            await printing.ConfigureAwait(false);
    }

    /// <summary>Not stopped by a second signal: it would take along what was said. An output that
    /// nobody reads is not waited for long.</summary>
    private async Task LeaveAsync(Task printing)
    {
        using var limit = new CancellationTokenSource(LeaveLimit);
        try
        {
            await group.LeaveAsync(cancellationToken: limit.Token).ConfigureAwait(false);
            await printing.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync($"totem: the output was not read for {LeaveLimit.TotalSeconds} s, so the end of "
                + "it is missing").ConfigureAwait(false);
        }
    }

    private async Task SendAsync(ChannelReader<string> lines, CancellationToken stop)
    {
        try
        {
            await foreach (var line in lines.ReadAllAsync(stop).ConfigureAwait(false))
            {
                var payload = Encoding.UTF8.GetBytes(line);
                if (payload.Length > GroupProcessor.MaxMessageBytes)
                {
                    await error.WriteLineAsync($"totem: line of {payload.Length} bytes not sent, at most "
                        + $"{GroupProcessor.MaxMessageBytes}")
                        .ConfigureAwait(false);
                    continue;
                }

                await group.MulticastAsync(payload, guarantee, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop: leave.
        }
    }

    private async Task PrintAsync()
    {
        await foreach (var e in group.ReadEventsAsync().ConfigureAwait(false))
        {
            if (!e.IsMessage)
            {
                output.Write(
                    GroupChanged.From(e.Change!, e.Kind == GroupEventKind.Transitional, DateTimeOffset.UtcNow));
                continue;
            }

            var (text, base64) = NodeOutput.Readable(e.Payload.Span);
            output.Write(new GroupMessageDelivered(
                DateTimeOffset.UtcNow, group.Name.ToString(), e.Sender.Node.Value, e.Sender.Pid, e.Ring.ToString(),
                e.Guarantee == Guarantee.Safe ? "safe" : "agreed", text, base64));
        }
    }
}
