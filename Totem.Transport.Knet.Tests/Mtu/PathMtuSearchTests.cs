using Totem.Core.Time;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Mtu;

namespace Totem.Transport.Knet.Tests.Mtu;

public sealed class PathMtuSearchTests
{
    private static readonly SealShape Aes = new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256).Shape;

    public static TheoryData<int, int, bool, bool> Paths()
    {
        var data = new TheoryData<int, int, bool, bool>();
        foreach (var isSealed in (bool[])[false, true])
        {
            foreach (var isIPv6 in (bool[])[false, true])
            {
                foreach (var (path, link) in ((int, int)[])[(1500, 1500), (1300, 1300), (1499, 9000), (1500, 9000),
                    (9000, 9000), (1281, 1500), (65_535, 65_535)])
                    data.Add(path, link, isSealed, isIPv6);
            }
        }

        return data;
    }

    /// <summary>An interface that takes <paramref name="link"/> and says so, a path that silently drops what is larger
    /// than its own.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void A_search_finds_what_the_path_carries(int path, int link, bool isSealed, bool isIPv6)
    {
        foreach (var saysSize in (bool[])[true, false])
        {
            var shape = isSealed ? Aes : default;
            var run = new SearchRun(isIPv6, shape, link, saysSize, path, lose: _ => false);
            Assert.Equal(PacketSizes.ProbeIpBytes(path, isIPv6, shape), run.Finish());
        }
    }

    [Fact]
    public void On_an_honest_path_one_probe_is_sent()
    {
        var run = new SearchRun(isIPv6: false, Aes, link: 1500, saysSize: true, path: 1500, lose: _ => false);
        Assert.Equal(1500, run.Finish());
        Assert.Equal([1500], run.OnTheWire);
    }

    [Fact]
    public void One_lost_probe_changes_nothing()
    {
        var run = new SearchRun(isIPv6: false, default, link: 1500, saysSize: true, path: 1500, lose: x => x == 0);
        Assert.Equal(1500, run.Finish());
        Assert.Equal([1500, 1500], run.OnTheWire);
    }

    [Fact]
    public void A_path_that_answers_nothing_is_used_with_its_floor()
    {
        var run = new SearchRun(isIPv6: false, Aes, link: 1500, saysSize: true, path: 1500, lose: _ => true);
        Assert.Equal(PacketSizes.FloorIPv4, run.Finish());
    }

    [Fact]
    public void A_search_begins_again_after_the_interval_and_finds_a_wider_path()
    {
        var run = new SearchRun(isIPv6: false, default, link: 1500, saysSize: true, path: 1500, lose: _ => false);
        Assert.Equal(1500, run.Finish());
        run.Link = run.Path = 9000;
        Assert.Equal(9000, run.Finish());
    }

    [Fact]
    public void Data_that_the_interface_refuses_narrows_the_path_at_once()
    {
        var run = new SearchRun(isIPv6: false, default, link: 9000, saysSize: true, path: 9000, lose: _ => false);
        Assert.Equal(9000, run.Finish());
        run.Link = run.Path = 1500;
        Assert.Equal(1500, run.RefuseData());
        Assert.Equal(1500, run.Finish());
    }

    /// <summary>One search on virtual time, beside an interface and a path.</summary>
    private sealed class SearchRun(
        bool isIPv6, SealShape shape, int link, bool saysSize, int path, Func<int, bool> lose)
    {
        private readonly PathMtuSearch _search = new(isIPv6);
        private Instant _now = new(1);

        public int Link { get; set; } = link;

        public int Path { get; set; } = path;

        public List<int> OnTheWire { get; } = [];

        private ProbePlan Plan => new(
            shape, PacketSizes.IpBytesMax, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30));

        public int Finish()
        {
            if (OnTheWire.Count == 0)
                _search.Begin(_now);
            for (var isBegun = false; !isBegun || _search.IsSearching; isBegun |= _search.IsSearching)
            {
                Assert.True(_now.Ticks < TimeSpan.FromMinutes(2).Ticks, "the search does not end");
                while (_search.TryTakeProbe(_now, Plan, out var ipBytes))
                {
                    isBegun = true;
                    Send(ipBytes);
                }

                _now += TimeSpan.FromMilliseconds(200);
            }

            return _search.IpBytes;
        }

        public int RefuseData()
        {
            _search.HandleTooBig(_search.IpBytes, Link, _now, Plan);
            return _search.IpBytes;
        }

        private void Send(int ipBytes)
        {
            if (ipBytes > Link)
            {
                _search.HandleTooBig(ipBytes, saysSize ? Link : 0, _now, Plan);
                return;
            }

            OnTheWire.Add(ipBytes);
            if (ipBytes <= Path && !lose(OnTheWire.Count - 1))
                Assert.True(_search.HandleReply(ipBytes, _now, Plan));
        }
    }
}
