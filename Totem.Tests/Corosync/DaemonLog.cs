using System.Globalization;
using System.Text.RegularExpressions;

namespace Totem.Tests.Corosync;

/// <summary>
/// The log of a daemon, and what it says about the ring. "A new membership" is written when totem is operational, which
/// is before the services have synchronised; "Completed service synchronization" when they have.
/// </summary>
internal sealed partial class DaemonLog
{
    private const int LinesMax = 100_000;
    private const int LinesInReport = 60;

    private readonly List<string> _lines = [];
    private readonly string _name;
    private uint[] _announced = [];

    private readonly Action<DaemonLog> _onLine;

    /// <param name="name">The daemon's name in failures.</param>
    /// <param name="onLine">Called after each line, without any lock.</param>
    public DaemonLog(string name, Action<DaemonLog> onLine)
    {
        (_name, _onLine) = (name, onLine);
        Reports = new Reports(Describe);
    }

    /// <summary>Guards the state, and waits for it.</summary>
    public Reports Reports { get; }

    /// <summary>The last ring: representative, sequence.</summary>
    public (uint Representative, ulong Sequence) Ring { get; private set; }

    /// <summary>The members of the last ring.</summary>
    public uint[] Members { get; private set; } = [];

    /// <summary>How many rings there have been.</summary>
    public int RingCount { get; private set; }

    /// <summary>Whether the services have synchronised on the last ring.</summary>
    public bool IsSynchronized { get; private set; }

    /// <summary>All lines so far that contain a text.</summary>
    public string[] LinesWith(string text)
        => Reports.Read(() => _lines.Where(x => x.Contains(text, StringComparison.Ordinal)).ToArray());

    /// <summary>Takes a line in.</summary>
    public void Append(string line)
    {
        Reports.Apply(() => Apply(line));
        _onLine(this);
    }

    private void Apply(string line)
    {
        if (_lines.Count < LinesMax)
            _lines.Add(line);
        if (SyncMembers().Match(line) is { Success: true } sync)
        {
            _announced = [.. sync.Groups["members"].Value.Split(' ')
                .Select(x => uint.Parse(x, CultureInfo.InvariantCulture))];
        }
        else if (NewMembership().Match(line) is { Success: true } ring)
        {
            Ring = (ReadHex(ring.Groups["node"].Value),
                ulong.Parse(ring.Groups["sequence"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            Members = _announced;
            RingCount++;
            IsSynchronized = false;
        }
        else if (line.Contains("Completed service synchronization", StringComparison.Ordinal))
        {
            IsSynchronized = true;
        }
    }

    /// <summary>The state in a line, and the end of the log.</summary>
    public string Describe()
    {
        var state = $"{_name}: ring {Ring.Representative}.{Ring.Sequence} {{{string.Join(", ", Members)}}}, "
            + (IsSynchronized ? "synchronised" : "not synchronised");
        return string.Join("\n    ", [state, .. _lines.TakeLast(LinesInReport)]);
    }

    private static uint ReadHex(string digits) =>
        uint.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\[QUORUM\] Sync members\[\d+\]: (?<members>[0-9 ]*[0-9])", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SyncMembers();

    [GeneratedRegex(@"A new membership \((?<node>[0-9a-f]+)\.(?<sequence>[0-9a-f]+)\) was formed",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NewMembership();
}
