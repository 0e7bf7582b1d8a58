using System.Diagnostics;
using System.Globalization;

namespace Totem.Tests.Corosync;

/// <summary>A process that speaks as <c>Native/cpg_load.c</c> does: commands to its input, events
/// from its output.</summary>
internal abstract class LoadProcess : IGroupClient
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(240);

    private readonly Process _process;
    private Task _reading = Task.CompletedTask;
    private readonly List<string> _others = [];
    private uint? _submitted;
    private uint _own;

    protected LoadProcess(string name, ProcessStartInfo info)
    {
        Log = new GroupLog(name);
        info.RedirectStandardInput = true;
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        info.UseShellExecute = false;
        _process = Process.Start(info)!;
    }

    /// <summary>Begins to read what the process says: when whoever takes the lines is complete.</summary>
    protected void Begin() => _reading = Task.WhenAll(ReadEventsAsync(), ReadErrorsAsync());

    /// <inheritdoc/>
    public GroupMember Self { get; private set; }

    /// <inheritdoc/>
    public GroupLog Log { get; }

    /// <summary>The hashes it printed: how many messages, and the hash over the order of all of them.</summary>
    public List<(int Count, ulong Hash)> Hashes { get; } = [];

    /// <inheritdoc/>
    public async Task JoinAsync(string group)
    {
        Tell($"join {group}");
        await Log.Reports.WaitAsync(() => _own != 0 && Log.Members.Contains(Self), $"own join to {group}", Limit);
    }

    /// <inheritdoc/>
    public async Task LeaveAsync()
    {
        Tell("leave");
        await Log.Reports.WaitAsync(() => !Log.Members.Contains(Self), "own leave", Limit);
    }

    /// <inheritdoc/>
    public void Send(int count, int perSecond = 0)
    {
        Log.Reports.Apply(() => _submitted = null);
        Tell(string.Create(CultureInfo.InvariantCulture, $"send {count} {perSecond}"));
    }

    /// <inheritdoc/>
    public Task<uint> StopSendingAsync()
    {
        Tell("stop");
        return SentAsync();
    }

    /// <inheritdoc/>
    public async Task<uint> SentAsync()
    {
        await Log.Reports.WaitAsync(() => _submitted is not null, "end of the sending", SendLimit);
        return Log.Reports.Read(() => _submitted!.Value);
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        WasEnded = true;
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>It ends by itself, and well: what it is a member of is told.</summary>
    public async Task QuitAsync()
    {
        WasEnded = true;
        Tell("quit");
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        if (_process.ExitCode != 0)
            throw new ReportException($"ended with exit code {_process.ExitCode}\n{string.Join('\n', Complaints)}");
    }

    /// <summary>The process.</summary>
    protected Process Process => _process;

    /// <summary>True when it ended though nobody asked it to.</summary>
    public bool HasDied => _process.HasExited && !WasEnded;

    private bool WasEnded { get; set; }

    /// <summary>Writes a line to its input; nothing when it has ended.</summary>
    protected void Tell(string command)
    {
        try
        {
            _process.StandardInput.WriteLine(command);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It died; whoever waits for it learns that from the end of its events.
        }
    }

    private async Task ReadEventsAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            Take(line);
        await _process.WaitForExitAsync();
        Log.Reports.End();
        OnEnd();
    }

    /// <summary>Takes one line in.</summary>
    protected virtual void Take(string line)
    {
        var words = line.Split(' ');
        switch (words)
        {
            case ["m", var node, var pid, var number, var length, var ok]:
                Log.Append(new GroupMessage(
                    new GroupMember(Number(node), Number(pid)), Number(number), (int)Number(length), ok == "1"));
                break;
            case ["c", var members, var left, var joined]:
                Log.Append(new GroupChange(
                    [.. List(members).Select(x => Member(x).Member)], [.. List(left).Select(Member)],
                    [.. List(joined).Select(Member)]));
                break;
            case ["t", var ring, var nodes]:
                Log.Append(new GroupRing(ring, [.. List(nodes).Select(Number)]));
                break;
            case ["h", var count, var hash]:
                Log.Reports.Apply(() => Hashes.Add(
                    ((int)Number(count), ulong.Parse(hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
                break;
            case ["up", var node, var pid]:
                Log.Reports.Apply(() => (Self, _own) = (new GroupMember(Number(node), Number(pid)), Number(node)));
                break;
            case ["s", var count]:
                Log.Reports.Apply(() => _submitted = Number(count));
                break;
            default:
                Log.Reports.Apply(() => _others.Add(line));
                break;
        }
    }

    /// <summary>Called when the process is over.</summary>
    protected virtual void OnEnd()
    {
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
            Log.Reports.Apply(() => _others.Add(line));
    }

    /// <summary>Its lines besides events: calls that failed, with their code.</summary>
    public IReadOnlyList<string> Complaints =>
        Log.Reports.Read(() => _others.Where(x => !x.StartsWith("r ", StringComparison.Ordinal)).ToArray());

    protected static string[] List(string text) => text == "-" ? [] : text.Split(',');

    private static (GroupMember Member, int Reason) Member(string text)
    {
        var parts = text.Split(':');
        return (new GroupMember(Number(parts[0]), Number(parts[1])), parts.Length == 3 ? (int)Number(parts[2]) : 0);
    }

    protected static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Kills it if it still runs, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }
}
