using System.Globalization;
using System.Text;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>
/// A sheep under test, whatever runs it. Its events become lines, which tests wait for: <c>accept 2 [0 1 2]</c>,
/// <c>leave 0 [1 2]</c>, <c>notify 1 LENGTH SUM</c>, <c>update 1 VALUE</c>; beside them <c>failed
/// REASON</c> and others that only concern itself.
/// </summary>
public abstract class TestSheep : IDisposable
{
    // A bound for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan Limit = HangLimit.OfAWait;
    private static readonly string[] OrderedKinds = ["accept", "leave", "notify", "update"];

    /// <summary>Its session was lost, and it joins afresh.</summary>
    protected const string Reconnected = "reconnect";

    private readonly List<string> _lines = [];

    protected TestSheep(int identity) => Identity = identity;

    public int Identity { get; }

    /// <summary>All sheep of the test, for the message when one waits in vain.</summary>
    public IReadOnlyList<TestSheep> Flock { get; set; } = [];

    /// <summary>Called in each own turn; ends it by <see cref="Unblock"/>, at once or later.</summary>
    public Action Turn { get; set; } = () => { };

    /// <summary>The line it waits for, for people; empty where it cannot be seen from here.</summary>
    protected virtual string Condition => "";

    /// <summary>Everything it was told.</summary>
    public string[] Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>The events that all members are told alike, since it came in last: a session that is lost may have
    /// missed something.</summary>
    public string[] Log
    {
        get
        {
            var lines = Lines;
            return [.. lines[(Array.LastIndexOf(lines, Reconnected) + 1)..].Where(IsOrdered)];
        }
    }

    public int[] Members => MembersIn(Lines);

    /// <summary>Connects and asks to come in.</summary>
    public abstract TestSheep Join();

    /// <summary>Stops being a member and lives on.</summary>
    public abstract void Leave();

    public abstract void Notify(string text);

    public abstract void Block();

    public abstract void Unblock(string text);

    public abstract void Update(int value);

    /// <summary>Waits until it has the lock.</summary>
    public abstract void Lock(ulong id);

    /// <returns>Whether it was held.</returns>
    public abstract bool Unlock(ulong id);

    /// <summary>Leaves in order and ends, as a daemon does when it is told to stop.</summary>
    public abstract void Stop();

    /// <summary>Ends as by kill -9: nobody is told.</summary>
    public abstract void Kill();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    public static string NotifyLine(int sender, string text)
    {
        var sum = 0;
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var one in bytes)
            sum = unchecked((sum * 31) + one);
        return $"notify {sender} {bytes.Length} {sum}";
    }

    public int CountOf(string start) => Lines.Count(x => x.StartsWith(start, StringComparison.Ordinal));

    public void WaitForLine(string line) => WaitFor(lines => lines.Contains(line), line);

    public void WaitForCount(string start, int count) =>
        WaitFor(lines => lines.Count(x => x.StartsWith(start, StringComparison.Ordinal)) >= count, $"{count} of "
            + $"'{start}…'");

    public void WaitForMembers(params int[] members) =>
        WaitFor(
            lines => MembersIn(lines).Order().SequenceEqual(members.Order()), $"members {string.Join(' ', members)}");

    public void WaitFor(Func<IReadOnlyList<string>, bool> condition, string what)
    {
        if (!TryWaitFor(condition))
            Assert.Fail($"sheep {Identity} waits for {what}; they were told\n{string.Join('\n', Flock.Select(Told))}");
    }

    private bool TryWaitFor(Func<IReadOnlyList<string>, bool> condition)
    {
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        lock (_lines)
        {
            while (!condition(_lines))
            {
                var rest = (int)(end - Environment.TickCount64);
                if (rest <= 0 || !Monitor.Wait(_lines, rest))
                    return false;
            }
        }

        return true;
    }

    private static string Told(TestSheep sheep) =>
        $"{sheep.Identity}:\n{string.Join('\n', sheep.Lines)}\n{sheep.Condition}";

    protected virtual void Add(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
            Monitor.PulseAll(_lines);
        }
    }

    protected static string Names(IEnumerable<int> members) => string.Join(' ', members);

    private static bool IsOrdered(string line) =>
        OrderedKinds.Any(x => line.StartsWith(x + " ", StringComparison.Ordinal));

    private static int[] MembersIn(IReadOnlyList<string> lines) =>
        lines.LastOrDefault(x => x.StartsWith("accept ", StringComparison.Ordinal)
            || x.StartsWith("leave ", StringComparison.Ordinal)) is { } line
            ? [.. line[(line.IndexOf('[', StringComparison.Ordinal) + 1)..^1].Split(' ',
                StringSplitOptions.RemoveEmptyEntries)
                .Select(x => int.Parse(x, CultureInfo.InvariantCulture))]
            : [];
}
