using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using OurChange = Totem.GroupChange;
using OurMember = Totem.GroupMember;

namespace Totem.Tests.Corosync;

/// <summary>The client inside <see cref="GroupNodeProgram"/>: what cpg_load.c is to libcpg, to the
/// API of ours.</summary>
internal sealed class GroupNodeClient(TotemNode node, LoadShape shape, ChannelWriter<string> lines) : IDisposable
{
    private readonly Random _random = new(shape.Seed);
    private readonly Dictionary<GroupMember, uint> _last = [];
    private TotemGroup? _group;
    private Task _reading = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;
    private CancellationTokenSource _stop = new();
    private TaskCompletionSource _mayRead = Opened();
    private GroupMember _self;
    private uint _accepted;

    /// <summary>Does what a line says.</summary>
    public async Task ObeyAsync(string line)
    {
        switch (line.Split(' '))
        {
            case ["join", var name]:
                await JoinAsync(name);
                break;
            case ["send", var count, var rate]:
                _stop.Dispose();
                _stop = new CancellationTokenSource();
                _sending = SendAsync(
                    uint.Parse(count, CultureInfo.InvariantCulture), double.Parse(rate, CultureInfo.InvariantCulture));
                break;
            case ["stop"]:
                await StopAsync();
                break;
            case ["hold"]:
                _mayRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            case ["release"]:
                _mayRead.TrySetResult();
                break;
            case ["leave"]:
                await StopAsync();
                await _group!.DisposeAsync();
                await _reading;
                lines.TryWrite("r leave");
                break;
            default:
                throw new ArgumentException($"'{line}' is no command", nameof(line));
        }
    }

    /// <summary>Ends the sending.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private static TaskCompletionSource Opened()
    {
        var opened = new TaskCompletionSource();
        opened.SetResult();
        return opened;
    }

    private async Task JoinAsync(string name)
    {
        (_accepted, _self) = (0, new GroupMember(node.Id.Value, (uint)Environment.ProcessId));
        _last.Clear();
        lines.TryWrite($"up {_self.Node} {_self.Pid}");
        _group = await node.JoinAsync(name);
        _reading = ReadAsync(_group);
        lines.TryWrite("r join");
    }

    private async Task SendAsync(uint count, double perSecond)
    {
        await Task.Yield();
        var began = Stopwatch.GetTimestamp();
        var sent = 0u;
        try
        {
            for (; count == 0 || sent < count; sent++)
            {
                var early = perSecond > 0 ? TimeSpan.FromSeconds(sent / perSecond) - Stopwatch.GetElapsedTime(began)
                    : TimeSpan.Zero;
                if (early > TimeSpan.Zero)
                    await Task.Delay(early, _stop.Token);
                await _group!.MulticastAsync(
                    LoadMessage.Compose(_accepted + 1, _self, shape.DrawLength(_random)),
                    cancellationToken: _stop.Token);
                _accepted++;
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }

        lines.TryWrite($"s {_accepted}");
    }

    private async Task ReadAsync(TotemGroup group)
    {
        await foreach (var happened in group.ReadEventsAsync())
        {
            await _mayRead.Task;
            if (happened.Kind == GroupEventKind.Message)
                lines.TryWrite(MessageLine(Member(happened.Sender), happened.Payload.Span));
            else if (happened.Kind == GroupEventKind.Change)
                lines.TryWrite(ChangeLine(happened.Change!));
        }
    }

    private string MessageLine(GroupMember sender, ReadOnlySpan<byte> payload)
    {
        var number = LoadMessage.NumberIn(payload) ?? (_last.TryGetValue(sender, out var last) ? last + 1 : 0);
        var isIntact = number == 0 || payload.SequenceEqual(LoadMessage.Compose(number, sender, payload.Length));
        if (number != 0)
            _last[sender] = number;
        return $"m {sender.Node} {sender.Pid} {number} {payload.Length} {(isIntact ? 1 : 0)}";
    }

    private string ChangeLine(OurChange change)
    {
        foreach (var left in change.Left)
            _last.Remove(Member(left.Member));
        foreach (var joined in change.Joined.Where(x => x.Reason == GroupChangeReason.Joined))
            _last[Member(joined.Member)] = 0;
        return $"c {Text(change.Members.Select(x => $"{Member(x)}"))} {Text(change.Left.Select(Text))} "
            + $"{Text(change.Joined.Select(Text))}";
    }

    private static string Text(GroupMemberChange change) => $"{Member(change.Member)}:{(int)change.Reason}";

    private static string Text(IEnumerable<string> list) => string.Join(',', list) is { Length: > 0 } text ? text : "-";

    private static GroupMember Member(OurMember member) => new(member.Node.Value, member.Pid);
}
