using System.Diagnostics;
using System.Globalization;

namespace Totem.Tests.Corosync;

/// <summary>The program <c>Native/cpg_load.c</c>: a client of libcpg, the distribution's or a replacement of it.</summary>
internal sealed class CpgLoad : IGroupClient
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(240);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly List<string> _others = [];
    private uint? _submitted;
    private uint _own;

    private CpgLoad(string name, Process process)
    {
        Log = new GroupLog(name);
        _process = process;
        _reading = Task.WhenAll(ReadEventsAsync(), ReadErrorsAsync());
    }

    /// <inheritdoc/>
    public GroupMember Self { get; private set; }

    /// <inheritdoc/>
    public GroupLog Log { get; }

    /// <summary>The hashes it printed: how many messages, and the hash over the order of all of them.</summary>
    public List<(int Count, ulong Hash)> Hashes { get; } = [];

    /// <summary>Starts the program.</summary>
    /// <param name="name">What failures call it.</param>
    /// <param name="program">The compiled program.</param>
    /// <param name="wrapper">A command that runs another one in the right network, with the right mounts.</param>
    /// <param name="shape">What its messages are like.</param>
    /// <param name="environment">More environment, such as <c>LD_LIBRARY_PATH</c>.</param>
    public static CpgLoad Start(
        string name, string program, IReadOnlyList<string> wrapper, LoadShape shape, IReadOnlyDictionary<string, string>? environment = null)
    {
        string[] command =
        [
            .. wrapper, program,
            .. ((int[])[shape.Seed, shape.LengthMin, shape.LengthMax, shape.LargePermille]).Select(x => x.ToString(CultureInfo.InvariantCulture)),
        ];
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            info.Environment[key] = value;
        return new CpgLoad(name, Process.Start(info)!);
    }

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

    /// <summary>SIGKILL: its daemon takes it out of the group.</summary>
    public void Kill() => _process.Kill();

    private void Tell(string command)
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
        Log.Reports.End();
    }

    private void Take(string line)
    {
        var words = line.Split(' ');
        switch (words)
        {
            case ["m", var node, var pid, var number, var length, var ok]:
                Log.Append(new GroupMessage(new GroupMember(Number(node), Number(pid)), Number(number), (int)Number(length), ok == "1"));
                break;
            case ["c", var members, var left, var joined]:
                Log.Append(new GroupChange(
                    [.. List(members).Select(x => Member(x).Member)], [.. List(left).Select(Member)], [.. List(joined).Select(Member)]));
                break;
            case ["t", var ring, var nodes]:
                Log.Append(new GroupRing(ring, [.. List(nodes).Select(Number)]));
                break;
            case ["h", var count, var hash]:
                Log.Reports.Apply(() => Hashes.Add(((int)Number(count), ulong.Parse(hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
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

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
            Log.Reports.Apply(() => _others.Add(line));
    }

    /// <summary>What it said besides events: calls that failed, with their code.</summary>
    public IReadOnlyList<string> Complaints => Log.Reports.Read(() => _others.Where(x => !x.StartsWith("r ", StringComparison.Ordinal)).ToArray());

    private static string[] List(string text) => text == "-" ? [] : text.Split(',');

    private static (GroupMember Member, int Reason) Member(string text)
    {
        var parts = text.Split(':');
        return (new GroupMember(Number(parts[0]), Number(parts[1])), parts.Length == 3 ? (int)Number(parts[2]) : 0);
    }

    private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Kills it if it still runs, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }
}

/// <summary>What the messages of a load are like.</summary>
/// <param name="Seed">Where the lengths are drawn from.</param>
/// <param name="LengthMin">The shortest, in bytes.</param>
/// <param name="LengthMax">The longest.</param>
/// <param name="LargePermille">How many of a thousand are drawn from the whole range, and not only below 1500 bytes.</param>
internal sealed record LoadShape(int Seed, int LengthMin = 1, int LengthMax = 300_000, int LargePermille = 20);
