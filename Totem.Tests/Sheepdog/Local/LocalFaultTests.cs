using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Sheepdog.Conformance;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The faults of sheep's own local driver, by the numbers of the fault catalogue, and those that ours could
/// have.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalFaultTests
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    /// <summary>F-29, A14, A13: a reader that stands still is left behind, notices, and comes back
    /// by a fresh join; the disk does not fill.</summary>
    [Fact]
    [Check("F-29", "A14", "A13")]
    public void A_reader_that_lags_too_far_is_expelled_and_comes_back()
    {
        using var cluster =
            new LocalCluster { Limits = new LocalLimits { SegmentBytes = 64 << 10, SegmentsBehindMax = 4 } };
        var sheep = cluster.Joined(3);
        using var stopped = new StoppedReader(sheep[2]);
        sheep[0].Do(x => x.Notify([1]));
        stopped.WaitUntilStopped();
        var bytesMax = 0L;
        for (var i = 0; !sheep[1].Log.Contains("leave 2 [0 1]", StringComparer.Ordinal); i++)
        {
            Assert.True(i < 10_000, "nobody was expelled");
            sheep[0].Do(x => x.Notify(new byte[1_000]));
            sheep[1].WaitForCount("notify", i + 1);
            bytesMax = Math.Max(bytesMax, cluster.BytesOnDisk);
        }

        // The bytes that are kept for it, and the segments that are in use.
        Assert.InRange(bytesMax, 4 * 16 << 10, (4 + 4) * (64 << 10));
        Assert.DoesNotContain(sheep[2].Log, x => x.StartsWith("notify", StringComparison.Ordinal));
        stopped.Continue();
        foreach (var one in sheep)
            one.WaitForMembers(0, 1, 2);
        sheep[0].Do(x => x.Notify([2]));
        foreach (var one in sheep)
            one.WaitForLine("notify 0 1 2");
        LocalCluster.AssertSameSequence(sheep[0], sheep[1]);
        AssertSameBeforeAndBehind("reconnect", sheep[2].Lines, sheep[0].Lines);
    }

    /// <summary>F-30: nobody waits for one that stands still, wherever it does.</summary>
    [Fact]
    [Check("F-30")]
    public void One_that_stands_still_stops_nobody()
    {
        using var cluster = new LocalCluster { Limits = LocalCluster.Tiny };
        var sheep = cluster.Joined(3);
        using var stopped = new StoppedReader(sheep[1]);
        sheep[0].Do(x => x.Notify([1]));
        stopped.WaitUntilStopped();
        var fourth = cluster.Start(3);
        foreach (var one in (DriverSheep[])[sheep[0], sheep[2], fourth])
            one.WaitForMembers(0, 1, 2, 3);
        fourth.Driver.Lock(1);
        Assert.True(fourth.Driver.Unlock(1));
        fourth.Turn = () => fourth.Do(x => x.Unblock([2]));
        fourth.Block();
        foreach (var one in (DriverSheep[])[sheep[0], sheep[2], fourth])
            one.WaitForLine("notify 3 1 2");
        Assert.Equal("accept 2 by 0 [0 1 2]", sheep[1].Log[^1]);
        stopped.Continue();
        sheep[1].WaitForLine("notify 3 1 2");
        LocalCluster.AssertSameSequence([.. sheep, fourth]);
    }

    /// <summary>F-31: what says that a session lives holds no process number, and goes with it.</summary>
    [Fact]
    [Check("F-31")]
    public void Names_and_files_of_sessions_say_nothing_about_processes()
    {
        using var cluster = new LocalCluster();
        cluster.Joined(2);
        var files = Directory.GetFiles(cluster.Sessions);
        Assert.Equal(4, files.Length);
        Assert.All(files, x => Assert.DoesNotContain(
            Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Path.GetFileName(x).Split('.')));
    }

    /// <summary>F-32: nothing is common to clusters, and none is disturbed by the start of another.</summary>
    [Fact]
    [Check("F-32")]
    public void Two_directories_are_two_clusters()
    {
        using var one = new LocalCluster();
        using var other = new LocalCluster();
        var first = one.Joined(2);
        first[0].Driver.Lock(5);
        var second = other.Joined(2);
        second[0].Driver.Lock(5);
        first[1].WaitForMembers(0, 1);
        Assert.True(second[0].Driver.Unlock(5));
        Assert.True(first[0].Driver.Unlock(5));
        Assert.All(first, x => Assert.Equal(x.Identity == 0 ? 2 : 1, x.Log.Length));
    }

    /// <summary>F-29: whatever stands in the order that is none of ours, and whatever a killed writer left.</summary>
    [Fact]
    [Check("F-29")]
    public void Torn_and_spoilt_entries_are_passed_over_by_everybody()
    {
        using var cluster = new LocalCluster();
        var sheep = cluster.Joined(2);
        var order = Assert.Single(Directory.GetFiles(cluster.Log, "*.order"));
        // Killed while it wrote its message: nothing points there.
        File.WriteAllBytes(Path.ChangeExtension(order, ".00000001000000ff"), new byte[1_000]);
        sheep[0].Do(x => x.Notify([1]));
        Append(order, new byte[13]);
        sheep[0].Do(x => x.Notify([2]));
        // Points to what is not there, and to what is something else.
        var record = new byte[OrderRecord.Bytes];
        var spoilt = new OrderRecord(OrderKind.Message, new(1, 0xFF), 0, 2_000);
        spoilt.Write(record);
        Append(order, record);
        (spoilt with { Length = 1_000, Second = 4711 }).Write(record);
        Append(order, record);
        sheep[1].Do(x => x.Notify([3]));
        var third = cluster.Start(2);
        third.WaitForMembers(0, 1, 2);
        third.Do(x => x.Notify([4]));
        foreach (var one in (DriverSheep[])[.. sheep, third])
            one.WaitForLine("notify 2 1 4");
        LocalCluster.AssertSameSequence([.. sheep, third]);
        Assert.Equal(6, sheep[1].Log.Length);
        Assert.All(sheep, x => Assert.Equal(2, ((LocalDriver)x.Driver).Session!.Log.DamagedCount));
    }

    /// <summary>The whole directory of a dead cluster, with several that start at once.</summary>
    [Fact]
    public void The_remains_of_a_dead_cluster_are_removed_by_the_next_one()
    {
        using var cluster = new LocalCluster { Limits = LocalCluster.Tiny };
        var dead = cluster.Joined(3);
        for (var i = 0; i < 50; i++)
            dead[i % 3].Do(x => x.Notify(new byte[500]));
        foreach (var one in dead)
            one.WaitForCount("notify", 50);
        foreach (var one in dead)
            one.Kill();
        // Killed while they made themselves known.
        File.WriteAllBytes(Path.Combine(cluster.Sessions, "new.0123456789abcdef.at"), []);
        LinuxFiles.MakePipe(Path.Combine(cluster.Sessions, "new.0123456789abcdee.alive"));
        LinuxFiles.MakePipe(Path.Combine(cluster.Sessions, "0123456789abcded.alive"));
        var old = Directory.GetFiles(cluster.Log).Concat(Directory.GetFiles(cluster.Sessions)).ToArray();
        Assert.InRange(old.Length, 5, 1_000);

        var sheep = Enumerable.Range(10, 3).Select(cluster.Start).ToArray();
        foreach (var one in sheep)
            one.WaitForMembers(10, 11, 12);
        // The next ends of segments find whatever is left.
        for (var i = 0; old.Any(File.Exists); i++)
        {
            Assert.True(i < 1_000, $"still there: {string.Join(' ', old.Where(File.Exists))}");
            sheep[0].Do(x => x.Notify(new byte[500]));
            sheep[2].WaitForCount("notify", i + 1);
        }

        Assert.Equal(6, Directory.GetFiles(cluster.Sessions).Length);
        LocalCluster.AssertSameSequence(sheep);
    }

    /// <summary>Alone, the next one is clean at once.</summary>
    [Fact]
    public void The_last_one_leaves_no_session_and_the_next_one_no_old_segment()
    {
        using var cluster = new LocalCluster();
        var first = cluster.Start(0);
        first.WaitForMembers(0);
        first.Do(x => x.Notify(new byte[100_000]));
        first.WaitForLine("notify 0 100000 0");
        first.Dispose();
        Assert.Empty(Directory.GetFiles(cluster.Sessions));
        Assert.InRange(cluster.BytesOnDisk, 100_000, 110_000);
        var second = cluster.Start(1);
        second.WaitForMembers(1);
        Assert.InRange(cluster.BytesOnDisk, 1, 10_000);
    }

    [Fact]
    public void Sheep_whose_directory_is_removed_meet_again_in_a_new_one()
    {
        using var cluster = new LocalCluster();
        var sheep = cluster.Joined(2);
        // They are fast enough to make it again while it is being emptied.
        Directory.Move(cluster.Path, cluster.Path + ".old");
        Directory.Delete(cluster.Path + ".old", recursive: true);
        foreach (var one in sheep)
        {
            one.WaitForLine("reconnect");
            one.WaitForMembers(0, 1);
        }
    }

    /// <summary>A13: 3,000 messages through some 400 segments, with sheep that come and are killed meanwhile.</summary>
    [Fact]
    [Check("A13")]
    public void While_segments_end_everywhere_all_see_one_order_and_none_is_lost()
    {
        using var cluster = new LocalCluster { Limits = LocalCluster.Tiny };
        var sheep = cluster.Joined(3);
        const int Each = 1_000;
        foreach (var one in sheep)
        {
            one.Do(driver =>
            {
                for (var i = 0; i < Each; i++)
                    Assert.Equal(ClusterResult.Success, driver.Notify([(byte)(i / 100), (byte)(i % 100)]));
            });
        }

        var joiners = new List<DriverSheep>();
        for (var i = 3; i < 9; i++)
        {
            joiners.Add(cluster.Start(i));
            joiners[^1].WaitForCount("accept", 1);
            if (i % 2 == 0)
                joiners[^1].Kill();
        }

        foreach (var one in sheep)
            one.WaitForCount("notify", 3 * Each);
        foreach (var one in (DriverSheep[])[.. sheep, joiners[0], joiners[2], joiners[4]])
        {
            // The same members were there before the last one came.
            one.WaitForCount("leave 8 ", 1);
            one.WaitForMembers(0, 1, 2, 3, 5, 7);
        }

        LocalCluster.AssertSameSequence([.. sheep, joiners[0], joiners[2], joiners[4]]);
        var expected = Enumerable.Range(0, Each).Select(x => $"notify 1 2 {(x / 100 * 31) + (x % 100)}");
        Assert.Equal(expected, sheep[2].Log.Where(x => x.StartsWith("notify 1", StringComparison.Ordinal)));
        // The last one that reads to the end of a segment removes it.
        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(cluster.Log, "*.order").Length is > 0 and <= 5, Limit));
    }

    private static void AssertSameBeforeAndBehind(string line, string[] log, string[] reference)
    {
        var at = Array.IndexOf(log, line);
        Assert.InRange(at, 1, log.Length - 2);
        var start = Array.IndexOf(reference, log[0]);
        Assert.Equal(reference[start..(start + at)], log[..at]);
        Assert.Equal(reference[^(log.Length - at - 1)..], log[(at + 1)..]);
    }

    private static void Append(string path, byte[] bytes)
    {
        // Not a FileStream, which looks for the end first and so can hit what somebody else appends.
        using var file = LinuxFiles.TryOpen(path, LinuxFiles.WriteOnly | LinuxFiles.Append)!;
        LinuxFiles.WriteOnce(file, bytes, path);
    }

    /// <summary>Holds a sheep's session where SIGSTOP would: in the middle of its work, with the
    /// driver's own lock taken.</summary>
    private sealed class StoppedReader : IDisposable
    {
        private readonly ManualResetEventSlim _isStopped = new();
        private readonly ManualResetEventSlim _goesOn = new();

        public StoppedReader(DriverSheep sheep) => sheep.Driver.EventsReadyChanged = _ =>
        {
            _isStopped.Set();
            _goesOn.Wait();
        };

        public void WaitUntilStopped() => Assert.True(_isStopped.Wait(Limit));

        public void Continue() => _goesOn.Set();

        public void Dispose() => Continue();
    }
}
