using System.Security.Cryptography;
using Totem.Tests.Corosync;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Xunit;
using Xunit.Abstractions;
using DaemonFolder = Totem.Bench.Peers.DaemonFolder;

namespace Totem.Tests.Knet;

/// <summary>Our machine with our ring on it, and real daemons with their default transport: one ring.</summary>
[Collection(RealProcesses.Name)]
public sealed class KnetDaemonTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    [CorosyncFact]
    public Task A_member_and_daemons_are_one_ring_whoever_was_first() => SideBySide.RunAsync(
        ((string Cipher, string Hash, bool AreDaemonsFirst)[])
        [
            ("none", "none", true), ("none", "none", false), ("aes256", "sha256", true), ("aes256", "sha256", false),
            ("aes128", "sha1", true), ("none", "sha512", true),
        ],
        x => ShareAsync(x.Cipher, x.Hash, x.AreDaemonsFirst));

    private async Task ShareAsync(string cipher, string hash, bool areDaemonsFirst)
    {
        await using var ring = new Ring(cipher, hash, output);
        if (!areDaemonsFirst)
        {
            ring.StartOurs();
            await ring.ReadyWith(3);
        }

        ring.StartDaemon(1);
        await ring.ReadyWith(areDaemonsFirst ? [1] : [1, 3]);
        ring.StartDaemon(2);
        await ring.ReadyWith(areDaemonsFirst ? [1, 2] : [1, 2, 3]);
        if (areDaemonsFirst)
            ring.StartOurs();
        await ring.ReadyWith(1, 2, 3);

        await ring.SendAllSizesAsync();
        ring.KillOurs();
        await ring.ReadyWith(1, 2);
        ring.StartOurs();
        await ring.ReadyWith(1, 2, 3);
        await ring.SendAllSizesAsync();
        ring.AssertDaemonsRun();
    }

    /// <summary>Daemons at the nodes 1 and 2, ours at 3.</summary>
    private sealed class Ring : IAsyncDisposable
    {
        private const string Group = "knet";

        private readonly ITestOutputHelper _output;
        private readonly CorosyncConfFile _configuration;
        private readonly CipherSuite _suite;
        private readonly byte[] _key = RandomNumberGenerator.GetBytes(256);
        private readonly TemporaryDirectory _folder = new();
        private readonly NamespaceNetwork _network = NamespaceNetwork.Create(3);
        private readonly SortedDictionary<uint, CorosyncDaemon> _daemons = [];
        private readonly Reports _reports;
        private KnetMember? _ours;

        public Ring(string cipher, string hash, ITestOutputHelper output)
        {
            _output = output;
            _reports = new Reports(Describe);
            _suite = new CipherSuite(
                Enum.Parse<KnetCipher>(cipher, ignoreCase: true), Enum.Parse<KnetHash>(hash, ignoreCase: true));
            _configuration = new CorosyncConfFile
            {
                Nodes = 3, Transport = "knet", Cipher = cipher, Hash = hash, TokenTimeout = TimeSpan.FromSeconds(3),
            };
        }

        public void StartDaemon(uint node)
        {
            var folder = new DaemonFolder(
                Path.Combine(_folder.Path, $"daemon-{node}"), _configuration.ToString(), _key);
            _daemons[node] = CorosyncDaemon.Start(node, _network, folder, _ => _reports.Apply(() => { }));
        }

        public void StartOurs()
        {
            var random = new RandomPool(RandomNumberGenerator.Fill);
            using var key = new KnetKey(_key);
            var keys = KeySet.OfLibknet(SealFactory.Create(_suite, key, random));
            _ours = new KnetMember(
                3, 3, _configuration.TokenTimeout, _network, keys, random, () => _reports.Apply(() => { }));
        }

        public void KillOurs()
        {
            _ours!.Dispose();
            _ours = null;
        }

        /// <summary>Waits until all of these say that they are in one ring of exactly themselves, and serve their
        /// clients on it.</summary>
        public Task ReadyWith(params uint[] members) => WaitAsync(
            () => members.All(x => RingOf(x).IsReady && RingOf(x).Id == RingOf(members[0]).Id
                && RingOf(x).Members.SequenceEqual(members)),
            $"one ring of {string.Join(", ", members)}");

        /// <summary>Messages that are a part of a packet, a whole one, some, and more than a frame of the
        /// ring's.</summary>
        public async Task SendAllSizesAsync()
        {
            int[] sizes = [1, 64, 1000, 1400, 5000, 65_000, 300_000];
            _ours!.Join(Group);
            foreach (var size in sizes)
                _ours.Send(size);
            await WaitAsync(() => _ours.DeliveredCount == sizes.Length, "our messages");
            Assert.Contains(Group, _daemons[1].Run("corosync-cpgtool"), StringComparison.Ordinal);
        }

        public void AssertDaemonsRun()
        {
            foreach (var daemon in _daemons.Values)
                daemon.AssertStillRuns();
        }

        public async ValueTask DisposeAsync()
        {
            _ours?.Dispose();
            foreach (var daemon in _daemons.Values)
            {
                await daemon.DisposeAsync();
                _output.WriteLine(daemon.Log.Describe());
            }

            _network.Dispose();
            _folder.Dispose();
        }

        private Task WaitAsync(Func<bool> condition, string what) => _reports.WaitAsync(
            () => _ours?.Failure is { } failure
                ? throw new ReportException($"{failure}\n{Describe()}") : condition(), what, Limit);

        private NodeRing RingOf(uint node) =>
            node == 3 ? _ours?.Ring ?? NodeRing.None : NodeRing.Of(_daemons[node].Log);

        private string Describe() => string.Join('\n', [
            $"ours: {_ours?.Ring}, {_ours?.DeliveredCount} messages",
            .. _daemons.Values.Select(x => x.Log.Reports.Read(x.Log.Describe))]);
    }
}
