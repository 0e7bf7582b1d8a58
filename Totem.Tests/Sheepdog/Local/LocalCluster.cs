using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>Sheep of one directory, with limits so small that segments end all the time.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalCluster(string? path = null) : IDisposable
{
    public static readonly LocalLimits Tiny = new() { SegmentBytes = 4096, SegmentsBehindMax = 1_000_000 };

    private readonly TemporaryDirectory _directory = new();
    private readonly List<DriverSheep> _all = [];

    public LocalLimits Limits { get; init; } = new();

    public string Path => path ?? _directory.Path;

    public string Log => System.IO.Path.Combine(Path, "log");

    public string Sessions => System.IO.Path.Combine(Path, "sessions");

    public long BytesOnDisk => Directory.EnumerateFiles(Log).Sum(LengthOf);

    public DriverSheep Start(int identity)
    {
        var sheep = new DriverSheep(
            new LocalDriver { Limits = Limits }, Path, identity, driver => ((LocalDriver)driver).Kill());
        _all.Add(sheep);
        sheep.Join();
        return sheep;
    }

    public DriverSheep[] Joined(int count)
    {
        var sheep = new List<DriverSheep>();
        for (var i = 0; i < count; i++)
        {
            sheep.Add(Start(i));
            foreach (var one in sheep)
                one.WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        return [.. sheep];
    }

    /// <summary>From its own accept on, each the same.</summary>
    public static void AssertSameSequence(params TestSheep[] sheep)
    {
        var logs = sheep.Select(x => x.Log).ToArray();
        var longest = logs.MaxBy(x => x.Length)!;
        foreach (var log in logs)
            Assert.Equal(longest[^log.Length..], log);
    }

    public void Dispose()
    {
        foreach (var sheep in _all)
            sheep.Dispose();
        _directory.Dispose();
    }

    private static long LengthOf(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            // Removed meanwhile.
            return 0;
        }
    }
}
