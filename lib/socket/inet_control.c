// SPDX-License-Identifier: MIT
/*
 * ioctl() requests about interfaces, of which a program asks any internet socket.
 */
#include "inet.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "interface.h"

static void put_address(struct sockaddr *out, uint32_t address)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {address}};

    memcpy(out, &sin, sizeof(*out));
}

static int list_interfaces(struct ifconf *config)
{
    struct netif *netif;
    int used = 0;

    NETIF_FOREACH(netif)
    {
        struct ifreq request = {0};

        if (ip4_addr_isany(netif_ip4_addr(netif))) {
            continue;
        }
        interface_name(netif, request.ifr_name);
        put_address(&request.ifr_addr, netif_ip4_addr(netif)->addr);
        if (config->ifc_buf != NULL) {
            if (config->ifc_len - used < (int)sizeof(request)) {
                break;
            }
            memcpy(config->ifc_buf + used, &request, sizeof(request));
        }
        used += (int)sizeof(request);
    }
    config->ifc_len = used;
    return 0;
}

static int ask_interface(struct netif *netif, unsigned long what, struct ifreq *request)
{
    switch (what) {
    case SIOCGIFFLAGS:
        request->ifr_flags = (short)interface_flags(netif);
        return 0;
    case SIOCGIFADDR:
        if (ip4_addr_isany(netif_ip4_addr(netif))) {
            return -EADDRNOTAVAIL;
        }
        put_address(&request->ifr_addr, netif_ip4_addr(netif)->addr);
        return 0;
    case SIOCGIFNETMASK:
        put_address(&request->ifr_netmask, netif_ip4_netmask(netif)->addr);
        return 0;
    case SIOCGIFBRDADDR:
        put_address(&request->ifr_broadaddr, netif_ip4_addr(netif)->addr | ~netif_ip4_netmask(netif)->addr);
        return 0;
    case SIOCGIFMTU:
        request->ifr_mtu = interface_mtu(netif);
        return 0;
    case SIOCGIFINDEX:
        request->ifr_ifindex = netif_get_index(netif);
        return 0;
    case SIOCGIFHWADDR:
        memset(&request->ifr_hwaddr, 0, sizeof(request->ifr_hwaddr));
        request->ifr_hwaddr.sa_family = netif->hwaddr_len != 0 ? ARPHRD_ETHER : ARPHRD_LOOPBACK;
        memcpy(request->ifr_hwaddr.sa_data, netif->hwaddr, netif->hwaddr_len);
        return 0;
    default:
        return -ENOTTY;
    }
}

static int ask_by_name(unsigned long what, struct ifreq *request)
{
    struct netif *netif;

    request->ifr_name[IFNAMSIZ - 1] = '\0';
    netif = interface_find(request->ifr_name);
    return netif != NULL ? ask_interface(netif, what, request) : -ENODEV;
}

static int name_by_index(struct ifreq *request)
{
    struct netif *netif = inet_netif_at(0, (unsigned int)request->ifr_ifindex);

    if (netif == NULL) {
        return -ENODEV;
    }
    interface_name(netif, request->ifr_name);
    return 0;
}

int inet_control(struct file *file, unsigned long request, void *argument)
{
    int rc;

    if (request == FIONBIO) {
        file->flags &= ~(unsigned int)FILE_NONBLOCK;
        file->flags |= *(int *)argument != 0 ? FILE_NONBLOCK : 0;
        return 0;
    }
    net_lock();
    switch (request) {
    case SIOCGIFCONF:
        rc = list_interfaces(argument);
        break;
    case SIOCGIFNAME:
        rc = name_by_index(argument);
        break;
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR:
    case SIOCGIFMTU:
    case SIOCGIFINDEX:
    case SIOCGIFHWADDR:
        rc = ask_by_name(request, argument);
        break;
    default:
        rc = -ENOTTY;
        break;
    }
    net_unlock();
    return rc;
}
