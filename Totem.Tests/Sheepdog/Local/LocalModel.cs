using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Drivers.Local;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Sheepdog.Sessions;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>Sheep on one directory, without threads: what is done next is the test's decision, so that a run can be
/// repeated call by call.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalModel : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<LocalModelSheep> _all = [];

    /// <summary>The sheep and what they were told, for the rules of a sequence.</summary>
    public ModelCluster Cluster { get; } = new(isLog: true);

    public IEnumerable<LocalModelSheep> Alive => _all.Where(x => x.Sheep.IsAlive);

    /// <summary>The names of the sessions that have left something behind.</summary>
    public int SessionCount => Directory.GetFiles(Path.Combine(_directory.Path, "sessions"), "*.at").Length;

    /// <summary>Starts a process and lets it join.</summary>
    /// <returns>The sheep that came of it; null when it died of it, or could not begin.</returns>
    public LocalModelSheep? Start(int identity, FaultyFiles? files = null)
    {
        files ??= new FaultyFiles();
        var sheep = Cluster.Start(identity);
        try
        {
            var directory = LocalDirectory.Open(_directory.Path, files);
            var member = new LocalMember(sheep.Session, directory, LocalCluster.Tiny, new NameWatch());
            var one = new LocalModelSheep(sheep, member, files);
            _all.Add(one);
            sheep.Join();
            return one;
        }
        catch (Exception failure) when (failure is KilledException or IOException)
        {
            Cluster.Kill(sheep);
            return null;
        }
    }

    /// <summary>One look of a process at its files, and what its sheep does then.</summary>
    /// <returns>Whether anything happened.</returns>
    public bool Step(LocalModelSheep one)
    {
        try
        {
            var before = (one.Files.CallCount, one.Member.Log.Last);
            var isBusy = false;
            while (one.Member.CanSend && one.Sheep.Session.TryTransmit(out var message))
            {
                // A turn is over when what ends it is on its way.
                if (message is [(byte)Totem.Sheepdog.Ordering.ClusterMessageKind.Unblock, ..] && one.Sheep.HasTurn)
                    Cluster.Turn = null;
                one.Member.Send(message);
                isBusy = true;
            }

            if (!one.Member.IsOver)
                isBusy |= !one.Member.Work(HasEnded(one.Member.WatchedPipe)) || one.Member.Log.Last != before.Last;
            isBusy |= one.Sheep.Dispatch();
            return isBusy;
        }
        catch (KilledException)
        {
            Cluster.Kill(one.Sheep);
            return true;
        }
    }

    /// <summary>Runs all until nothing more happens. A sheep that has lost its session takes up another.</summary>
    public void RunUntilQuiet()
    {
        for (var quiet = 0; quiet < 2;)
        {
            quiet++;
            foreach (var one in Alive.ToList())
            {
                while (one.Sheep.IsAlive && Step(one))
                    quiet = 0;
                if (one.Sheep.IsAlive && one.Sheep.Session.Phase == SessionPhase.Lost)
                {
                    quiet = 0;
                    Rejoin(one);
                }
            }
        }
    }

    public void Kill(LocalModelSheep one)
    {
        one.Files.Kill();
        Cluster.Kill(one.Sheep);
    }

    public void Dispose()
    {
        foreach (var one in _all)
            one.Files.Kill();
        _directory.Dispose();
    }

    private void Rejoin(LocalModelSheep one)
    {
        Assert.Equal("Reconnect", one.Sheep.Own[^1]);
        one.Member.Dispose();
        Cluster.Kill(one.Sheep);
        Start(one.Sheep.Identity);
    }

    private static bool HasEnded(SafeFileHandle? pipe)
    {
        if (pipe is null)
            return false;
        // Something is always ready, so that the call only looks.
        using var ready = LinuxFiles.CreateEvent();
        LinuxFiles.WriteOnce(ready, BitConverter.GetBytes(1UL), "eventfd");
        LinuxFiles.PollDescriptor[] descriptors =
        [
            new() { Descriptor = (int)ready.DangerousGetHandle(), Events = LinuxFiles.PollIn },
            new() { Descriptor = (int)pipe.DangerousGetHandle() },
        ];
        LinuxFiles.Wait(descriptors);
        return (descriptors[1].Returned & LinuxFiles.PollError) != 0;
    }

    /// <summary>Sleeps never, so it only has to know whether the file is there.</summary>
    private sealed class NameWatch : ILogWatch
    {
        public bool HasAttributesChanged => true;

        public bool Follow(string path) => File.Exists(path);
    }
}

/// <summary>A process of the model.</summary>
[SupportedOSPlatform("linux")]
internal sealed record LocalModelSheep(ModelSheep Sheep, LocalMember Member, FaultyFiles Files);
