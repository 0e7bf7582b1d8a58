using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Totem.Sheepdog;

namespace Totem.Cli.Sheep;

/// <summary>The daemon's side of the drivers' contract: an event loop, an epoch that every
/// membership event counts, pending turns.</summary>
internal sealed class SheepSession(IClusterDriver driver, string? option, int port, SheepOutput output,
    bool isVerbose = false) : IClusterEvents
{
    public const string Commands = "type notify TEXT, block, unblock [TEXT], lock N, unlock N, update N, leave";

    private const int OpaqueBytes = 4096;
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(2);

    private SheepNode? _self;
    private IReadOnlyList<SheepNode> _members = [];
    private int _epoch;
    private int _virtualNodes = 128;
    private int _turnsWanted;
    private bool _isRunning;
    private bool _hasLeft;
    private string? _failure;

    private SheepNode Self => _self!;

    /// <summary>Connects and asks to join. It may wait for servers as long as the driver's timeout says.</summary>
    public void Start()
    {
        (driver.WritesLog, driver.WritesDetail) = (true, isVerbose);
        driver.Init(option);
        Span<byte> address = stackalloc byte[16];
        driver.GetLocalAddress(address);
        _self = SheepAddress.Node(address, port, _virtualNodes);
        driver.Join(_self, new byte[OpaqueBytes]);
    }

    /// <summary>Runs a sheep that was started until a signal, the end of the input, or the end of
    /// the driver; then leaves.</summary>
    /// <returns>Why the driver ended by itself; null when it did not.</returns>
    public string? Run(ChannelReader<string> lines, CancellationToken stop)
    {
        output.Write(new SheepStarted(Now, SheepAddress.Text(Self), Environment.ProcessId));
        using var wake = new AutoResetEvent(false);
        using var registration = stop.Register(() => wake.Set());
        var reading = WakeForLinesAsync(lines, wake);
        WaitHandle[] handles = [driver.EventsReady, wake];
        while (_failure is null && !stop.IsCancellationRequested
            && !(reading.IsCompleted && lines.Completion.IsCompleted))
        {
            WaitHandle.WaitAny(handles);
            driver.Dispatch(this);
            while (_failure is null && lines.TryRead(out var line))
                Obey(line.Trim());
            if (reading.IsCompleted && !lines.Completion.IsCompleted)
                reading = WakeForLinesAsync(lines, wake);
        }

        if (_failure is null)
            LeaveInOrder();
        return _failure;
    }

    public bool OnJoin(SheepNode joining, IReadOnlyList<SheepNode> members, Span<byte> opaque)
    {
        BinaryPrimitives.WriteInt32LittleEndian(opaque, _epoch);
        return true;
    }

    public void OnAccept(SheepNode joined, IReadOnlyList<SheepNode> members, ReadOnlySpan<byte> opaque)
    {
        _epoch = BinaryPrimitives.ReadInt32LittleEndian(opaque);
        Grow("joined", joined, members);
    }

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members) => OnLeave(left, members, LeaveReason.Left);

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members, LeaveReason reason)
    {
        _hasLeft |= left.Equals(Self);
        Grow("left", left, members, reason switch
        {
            LeaveReason.Left => "left",
            LeaveReason.Killed => "killed",
            LeaveReason.Silent => "silent",
            _ => "restarted",
        });
    }

    public void OnNotify(SheepNode sender, ReadOnlySpan<byte> message) =>
        output.Write(new SheepNotified(Now, SheepAddress.Text(sender), Encoding.UTF8.GetString(message)));

    public bool OnBlock(SheepNode self)
    {
        if (_isRunning || _turnsWanted == 0)
            return false;
        _turnsWanted--;
        _isRunning = true;
        output.Write(new SheepDone(Now, "block"));
        return true;
    }

    public void OnUpdateNode(SheepNode node)
    {
        // By identity: what is equal is the same sheep, described as it was.
        Grow("updated", node, [.. _members.Select(x => x.Equals(node) ? node : x)]);
    }

    public bool OnReconnect()
    {
        output.Write(new SheepFailed(Now, "the session was lost; joining again"));
        try
        {
            (_isRunning, _turnsWanted, _epoch) = (false, 0, 0);
            Start();
            return true;
        }
        catch (ClusterDriverException failure)
        {
            output.Write(new SheepFailed(Now, failure.Message));
            return false;
        }
    }

    public void OnFailed(string reason) => _failure = reason;

    public void OnLog(ClusterLogLevel level, string text) => output.Write(new SheepLogged(Now, LevelName(level), text));

    private static string LevelName(ClusterLogLevel level) => level switch
    {
        ClusterLogLevel.Debug => "debug",
        ClusterLogLevel.Information => "information",
        ClusterLogLevel.Warning => "warning",
        _ => "error",
    };

    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    /// <summary>Wakes the loop when there are lines, or no more will come; complete before it does.</summary>
    private static Task<bool> WakeForLinesAsync(ChannelReader<string> lines, AutoResetEvent wake)
    {
        var reading = lines.WaitToReadAsync().AsTask();
        _ = reading.ContinueWith(
            _ => wake.Set(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return reading;
    }

    private void Grow(string why, SheepNode node, IReadOnlyList<SheepNode> members, string? reason = null)
    {
        _epoch++;
        _members = members;
        output.Write(
            new SheepEpoch(Now, _epoch, why, SheepAddress.Text(node), [.. members.Select(SheepAddress.Text)], reason));
    }

    private void Obey(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var (verb, rest) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
        var isNumber = ulong.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        switch (verb)
        {
            case "":
                break;
            case "notify" or "unblock" when Encoding.UTF8.GetByteCount(rest) is var length
                and > ClusterLimits.MaxMessageBytes:
                output.Write(new SheepFailed(
                    Now, $"{verb} of {length} bytes, expected at most {ClusterLimits.MaxMessageBytes}"));
                break;
            case "notify":
                Report(driver.Notify(Encoding.UTF8.GetBytes(rest)));
                break;
            case "block":
                _turnsWanted++;
                Report(driver.Block());
                break;
            case "unblock" when _isRunning:
                _isRunning = false;
                Report(driver.Unblock(Encoding.UTF8.GetBytes(rest)));
                break;
            case "unblock":
                output.Write(new SheepFailed(Now, "no turn to end"));
                break;
            case "lock" when isNumber:
                _ = Task.Run(() => TakeLock(number));
                break;
            case "unlock" when isNumber:
                output.Write(driver.Unlock(number) ? new SheepDone(Now, line)
                    : new SheepFailed(Now, $"lock {number} is not held"));
                break;
            case "update" when number is > 0 and <= ushort.MaxValue:
                _virtualNodes = (int)number;
                _self = SheepAddress.Node(Self.Bytes[..16], port, _virtualNodes);
                Report(driver.UpdateNode(_self));
                break;
            case "leave":
                driver.Leave();
                break;
            default:
                output.Write(new SheepFailed(Now, $"'{line}', expected: {Commands}"));
                break;
        }
    }

    private void TakeLock(ulong id)
    {
        try
        {
            driver.Lock(id);
            output.Write(new SheepDone(Now, $"lock {id}"));
        }
        catch (ObjectDisposedException)
        {
            // The sheep has ended meanwhile.
        }
    }

    private void Report(ClusterResult result)
    {
        if (result != ClusterResult.Success)
            output.Write(new SheepFailed(Now, result.ToString()));
    }

    /// <summary>Says goodbye, and waits for its place in the order as long as an operator would.</summary>
    private void LeaveInOrder()
    {
        driver.Leave();
        var end = Environment.TickCount64 + (long)LeaveLimit.TotalMilliseconds;
        while (!_hasLeft && _failure is null && end - Environment.TickCount64 is > 0 and var rest
            && driver.EventsReady.WaitOne((int)rest))
            driver.Dispatch(this);
    }
}
