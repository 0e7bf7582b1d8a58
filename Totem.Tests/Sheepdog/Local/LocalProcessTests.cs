using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The driver <c>local</c> in real processes: what only those can show.</summary>
public sealed class LocalProcessTests : IDisposable
{
    // Below the range that the system hands out to clients, and not that of the other tests with processes.
    private const int FirstPort = 18_000;

    private readonly TemporaryDirectory _directory = new();
    private readonly List<ProcessSheep> _all = [];

    public void Dispose()
    {
        foreach (var sheep in _all)
            sheep.Dispose();
        _directory.Dispose();
    }

    private string[] Command =>
        ["dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep", "-c", $"local:{_directory.Path}"];

    /// <summary>F-31: a process that is dead and has not been waited for still has its number;
    /// sheep's driver takes it for alive.</summary>
    [LinuxFact]
    [Check("F-31")]
    public void A_zombie_is_dead()
    {
        // The shell becomes a program that never waits for its children.
        string[] unwaited = ["/bin/sh", "-c", "\"$@\" & exec sleep 600", "sh", .. Command];
        var survivor = Start(Command, 0);
        survivor.WaitForMembers(0);
        var victim = Start(unwaited, 1);
        survivor.WaitForMembers(0, 1);
        var child = int.Parse(
            File.ReadAllText($"/proc/{victim.ProcessId}/task/{victim.ProcessId}/children").Trim(),
            CultureInfo.InvariantCulture);
        SystemCommand.Run($"kill -KILL {child}");
        Assert.True(SpinWait.SpinUntil(
            () => File.ReadAllText($"/proc/{child}/status").Contains("State:\tZ", StringComparison.Ordinal),
            HangLimit.OfAWait));
        survivor.WaitForMembers(0);
    }

    /// <summary>F-30, F-29: a process that is stopped amid everything holds up nobody, and goes on
    /// where it was.</summary>
    [LinuxFact]
    [Check("F-30", "F-29")]
    public void A_stopped_process_stops_nobody_and_takes_up_again()
    {
        var sheep = new List<ProcessSheep>();
        for (var i = 0; i < 3; i++)
        {
            sheep.Add(Start(Command, i));
            sheep[i].WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        const int Each = 200;
        sheep[0].WaitForMembers(0, 1, 2);
        // While it writes: were there a lock, it could have it.
        for (var i = 0; i < Each; i++)
            sheep[0].Notify(new string('x', i));
        sheep[0].Pause();
        for (var i = 0; i < Each; i++)
            sheep[1].Notify($"{i}");
        foreach (var one in sheep.Skip(1))
            one.WaitForCount("notify 1 ", Each);
        sheep[0].Resume();
        foreach (var one in sheep)
        {
            one.WaitForCount("notify 0 ", Each);
            one.WaitForCount("notify 1 ", Each);
        }

        Assert.Equal(sheep[1].Log[^(2 * Each)..], sheep[0].Log[^(2 * Each)..]);
        Assert.Equal(sheep[1].Log[^(2 * Each)..], sheep[2].Log[^(2 * Each)..]);
    }

    private ProcessSheep Start(IReadOnlyList<string> command, int identity)
    {
        var sheep = new ProcessSheep(command, identity, FirstPort);
        _all.Add(sheep);
        return sheep;
    }
}
